// Finds somebody for a group by typing; of many contacts only those that fit are offered.
import { useId, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { cardName, finder, mainEmail } from "./cards";
import type { Card } from "./records";

const OFFERED = 20;

function labelOf(card: Card): string {
  const email = mainEmail(card);
  return email ? `${cardName(card)} <${email}>` : cardName(card);
}

export function MemberField({ among, onChoose }: { among: readonly Card[]; onChoose: (card: Card) => void }) {
  const [text, setText] = useState("");
  const id = useId();
  const fitting = among.filter(finder(text.replace(/[<>]/g, " "))).slice(0, OFFERED);
  const choose = (card: Card | undefined) => {
    if (!card) return;
    setText("");
    onChoose(card);
  };
  const onInput = (value: string) => {
    const exact = among.find((one) => labelOf(one) === value); // one of the list was taken
    if (exact) choose(exact);
    else setText(value);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.isComposing || !text.trim()) return;
    event.preventDefault();
    choose(fitting[0]);
  };
  return (
    <>
      <input class="field" list={id} dir="auto" aria-label={t("contacts.add-member")} placeholder={t("contacts.add-member")} value={text} onInput={(event) => onInput(event.currentTarget.value)} onKeyDown={onKeyDown} />
      <datalist id={id}>{fitting.map((one) => <option key={one.id} value={labelOf(one)} />)}</datalist>
    </>
  );
}
