// Contacts in a vCard, each to be kept with one press; as text where the server does not read such files.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { SetAnswer } from "../../jmap/methods";
import type { BodyPart, Id } from "../../jmap/records";
import { problem, toast } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import { TextPreview } from "./TextPreview";
import { Waiting } from "./Waiting";
import { type SharedCard, detailsOf, titleOf } from "./cards";
import { useLoaded } from "./loaded";

interface Answer {
  parsed: Record<Id, { cards: SharedCard[] }> | null;
}

type Untyped = (name: string, args: object) => Promise<unknown>;
// These methods are typed where contacts are; here they are used where they are there.
const call: Untyped = (name, args) => (jmap.call as unknown as Untyped).call(jmap, name, args);

export function VcardPreview({ part }: { part: BodyPart }) {
  const found = useLoaded(() => read(part.blobId ?? ""), part.blobId);
  if (found instanceof Error) return <TextPreview part={part} />;
  if (found === undefined) return <Waiting error={undefined} />;
  return (
    <ul class="cards">
      {found.map((card, index) => <Contact key={index} card={card} />)}
    </ul>
  );
}

function Contact({ card }: { card: SharedCard }) {
  const [kept, setKept] = useState(false);
  const keep = async () => {
    try {
      const { list } = (await call("AddressBook/get", {})) as { list: { id: Id; isDefault: boolean }[] };
      const book = list.find((one) => one.isDefault) ?? list[0];
      const answer = (await call("ContactCard/set", { create: { card: { ...card, addressBookIds: { [book?.id ?? ""]: true } } } })) as SetAnswer;
      const refused = answer.notCreated?.["card"];
      if (refused) throw new Error(refused.description ?? refused.type);
      setKept(true);
      toast(t("attachments.kept", { name: titleOf(card) }));
    } catch (error) {
      problem(error);
    }
  };
  return (
    <li>
      <h3 dir="auto">{titleOf(card)}</h3>
      <p class="note" dir="auto">{detailsOf(card).join(" · ")}</p>
      <button type="button" class="quiet framed" disabled={kept} onClick={() => void keep()}>
        <Icon name={kept ? "check" : "person"} />
        {t(kept ? "attachments.is-kept" : "attachments.keep")}
      </button>
    </li>
  );
}

async function read(blobId: Id): Promise<SharedCard[]> {
  const cards = ((await call("ContactCard/parse", { blobIds: [blobId] })) as Answer).parsed?.[blobId]?.cards;
  if (!cards?.length) throw new Error(t("attachments.broken"));
  return cards;
}
