// The files of a message: chosen, on their way to the server (jmap/upload.ts), and taken off again.
import { size } from "../../i18n/sizes";
import { t } from "../../i18n/words";
import { RequestFailed, jmap } from "../../jmap/client";
import { upload } from "../../jmap/upload";
import { type Attached, newKey } from "./draft";
import { mostOfFile, mostOfFiles } from "./limits";
import { touch } from "./saving";
import type { Compose } from "./windows";

/** Adds files; `inText`: pictures go into the text. */
export function attach(one: Compose, files: readonly File[], inText = false): void {
  one.wrong.value = { ...one.wrong.peek(), files: "" };
  for (const file of files) {
    const within = inText && one.draft.peek().rich && one.insertPicture !== null && file.type.startsWith("image/");
    const wrong = tooLarge(one, file);
    if (wrong) one.wrong.value = { ...one.wrong.peek(), files: wrong };
    else start(one, file, within);
  }
}

function tooLarge(one: Compose, file: File): string {
  if (file.size > mostOfFile()) return t("compose.file-too-large", { name: file.name, most: size(mostOfFile()) });
  const sum = one.draft.peek().files.reduce((octets, each) => octets + each.size, file.size);
  return sum > mostOfFiles() ? t("compose.files-too-large", { name: file.name, most: size(mostOfFiles()) }) : "";
}

function start(one: Compose, file: File, within: boolean): void {
  const key = newKey();
  const name = file.name || t("compose.picture");
  const cid = within ? `${key}@postroom` : null;
  const attached: Attached = { key, name, type: file.type || "application/octet-stream", size: file.size, blobId: null, cid, progress: 0, failed: "" };
  one.draft.value = { ...one.draft.peek(), files: [...one.draft.peek().files, attached] };
  const set = (change: Partial<Attached>) => {
    const draft = one.draft.peek();
    one.draft.value = { ...draft, files: draft.files.map((each) => (each.key === key ? { ...each, ...change } : each)) };
  };
  const wanted = () => one.draft.peek().files.some((each) => each.key === key);
  const work = upload(file, { onProgress: (progress) => set({ progress }), wanted }).then(
    (blobId) => {
      set({ blobId, progress: 1, ...(one.insertPicture ? {} : { cid: null }) }); // without a text to be in it is a file like others
      if (cid) one.insertPicture?.(cid, jmap.downloadUrl(blobId, name, attached.type), name);
      touch(one);
    },
    (error: unknown) => set({ failed: reason(error) }),
  );
  one.uploads.add(work);
  void work.finally(() => one.uploads.delete(work));
}

export function detach(one: Compose, key: string): void {
  const draft = one.draft.peek();
  one.draft.value = { ...draft, files: draft.files.filter((each) => each.key !== key) };
  touch(one);
}

function reason(error: unknown): string {
  return t(error instanceof RequestFailed && error.status === 507 ? "compose.refused.overQuota" : "compose.upload-failed");
}
