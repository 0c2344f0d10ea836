// The photo of a contact, where it is here; pictures of other hosts are not fetched.
import { jmap } from "../../jmap/client";
import { Avatar } from "../../views/Avatar";
import { Icon } from "../../views/Icon";
import { cardName, isGroup, listOf, mainEmail } from "./cards";
import type { Card } from "./records";

const OWN = /^data:image\/(png|jpeg|gif|webp|avif);/i;

export function ContactPicture({ card }: { card: Card }) {
  const photo = listOf(card.media).find((one) => one.kind === "photo" && (one.blobId || OWN.test(one.uri ?? "")));
  if (isGroup(card)) return <span class="avatar group large"><Icon name="people" /></span>;
  if (!photo) return <span class="large"><Avatar address={{ name: cardName(card), email: mainEmail(card) || card.uid }} /></span>;
  const url = photo.blobId ? jmap.downloadUrl(photo.blobId, "photo", photo.mediaType ?? "image/png") : (photo.uri ?? "");
  return <img class="photo" src={url} alt="" width="72" height="72" />;
}
