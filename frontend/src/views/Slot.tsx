// A place of the frame that features fill; see features/feature.ts.
import type { ComponentType } from "preact";
import type { Slots } from "../features/feature";
import { features } from "../features/present";

export function Slot<Name extends keyof Slots>({ name, ...rest }: { name: Name } & Slots[Name]) {
  const pieces = features().flatMap((feature) => (feature.slots?.[name] ?? []) as ComponentType<object>[]);
  return (
    <>
      {pieces.map((Piece, index) => (
        <Piece key={index} {...rest} />
      ))}
    </>
  );
}
