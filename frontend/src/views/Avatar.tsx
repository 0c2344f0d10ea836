// Letters in a circle of somebody's own colour.
import type { Address } from "../jmap/records";
import { hueOf, initials } from "../mail/people";

export function Avatar({ address }: { address: Address }) {
  return (
    <span class="avatar" aria-hidden="true" style={{ "--hue": hueOf(address) }}>
      {initials(address)}
    </span>
  );
}
