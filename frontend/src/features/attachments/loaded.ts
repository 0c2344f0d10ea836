// Something that is fetched for a preview: undefined while it comes; an Error when it does not.
import { useEffect, useState } from "preact/hooks";

export function useLoaded<T>(load: () => Promise<T>, key: string | null): T | Error | undefined {
  const [found, setFound] = useState<T | Error | undefined>();
  useEffect(() => {
    let wanted = true;
    setFound(undefined);
    load().then(
      (value) => wanted && setFound(() => value),
      (error: unknown) => wanted && setFound(() => (error instanceof Error ? error : new Error(String(error)))),
    );
    return () => void (wanted = false);
  }, [key]);
  return found;
}
