// An attachment, by what it is.
import type { BodyPart } from "../../jmap/records";
import { CalendarPreview } from "./CalendarPreview";
import { MediaPreview } from "./MediaPreview";
import { MessagePreview } from "./MessagePreview";
import { TextPreview } from "./TextPreview";
import { VcardPreview } from "./VcardPreview";
import { kindOf } from "./kinds";

export function Preview({ part }: { part: BodyPart }) {
  switch (kindOf(part)) {
    case "image":
    case "audio":
    case "video":
    case "pdf":
      return <MediaPreview part={part} />;
    case "message":
      return <MessagePreview part={part} />;
    case "vcard":
      return <VcardPreview part={part} />;
    case "calendar":
      return <CalendarPreview part={part} />;
    default:
      return <TextPreview part={part} />;
  }
}
