// A contact as it is written, new or changed.
import { useState } from "preact/hooks";
import { locale, t } from "../../i18n/words";
import { go } from "../../state/route";
import { LineFields } from "./LineFields";
import { PlaceFields } from "./PlaceFields";
import { books } from "./book";
import { makeTold, update } from "./changing";
import { EMAIL_KINDS, type Form, PHONE_KINDS, changesOf, formOf } from "./editing";
import type { Card } from "./records";

const LEAP = 2000;

export function ContactForm({ card }: { card: Partial<Card> }) {
  const [form, setForm] = useState<Form>(() => formOf(card));
  const [wrong, setWrong] = useState("");
  const set = (values: Partial<Form>) => setForm((before) => ({ ...before, ...values }));
  const group = card.kind === "group";
  const back = card.id ? `/contacts/${card.id}` : "/contacts";
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const found = changesOf(card, form);
    const values = Object.fromEntries(Object.entries(found).filter(([name, value]) => value !== null && (name !== "addressBookIds" || form.bookIds.length)));
    if (!card.id && !Object.keys(values).some((name) => name !== "addressBookIds")) return setWrong(t("contacts.say-something"));
    try {
      if (card.id) await update(card as Card, found);
      const id = card.id ?? (await makeTold(group ? { kind: "group", members: {}, ...values } : values));
      go(`/contacts/${id}`, true);
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  const heading = t(card.id ? "contacts.edit" : group ? "contacts.new-group" : "command.contacts.new");
  return (
    <form class="contact-form" onSubmit={(event) => void submit(event)} aria-label={heading}>
      <h1>{heading}</h1>
      {group ? (
        <Text name="full" label="contacts.group-name" form={form} set={set} first />
      ) : (
        <>
          <div class="fields">
            <Text name="given" label="contacts.given" form={form} set={set} first />
            <Text name="surname" label="contacts.surname" form={form} set={set} />
            <Text name="title" label="contacts.title" form={form} set={set} />
            <Text name="nickname" label="contacts.nickname" form={form} set={set} />
            {!form.given && !form.surname && <Text name="full" label="contacts.full" form={form} set={set} />}
          </div>
          <LineFields title="contacts.email" add="contacts.add-email" type="email" kinds={EMAIL_KINDS} lines={form.emails} onChange={(emails) => set({ emails })} />
          <LineFields title="contacts.phone" add="contacts.add-phone" type="tel" kinds={PHONE_KINDS} lines={form.phones} onChange={(phones) => set({ phones })} />
          <div class="fields">
            <Text name="organization" label="contacts.organization" form={form} set={set} />
            <Text name="unit" label="contacts.unit" form={form} set={set} />
            <Text name="job" label="contacts.job" form={form} set={set} />
          </div>
          <PlaceFields places={form.places} onChange={(places) => set({ places })} />
          <Birthday form={form} set={set} />
          <LineFields title="contacts.link" add="contacts.add-link" type="url" kinds={EMAIL_KINDS} lines={form.links} onChange={(links) => set({ links })} />
        </>
      )}
      <label>
        <span>{t("contacts.note")}</span>
        <textarea class="field" rows={4} dir="auto" value={form.note} onInput={(event) => set({ note: event.currentTarget.value })} />
      </label>
      {books.value.length > 1 && <BookFields form={form} set={set} />}
      <p class="wrong" role="alert">{wrong}</p>
      <div class="buttons">
        <button type="submit" class="primary">{t("contacts.save")}</button>
        <a class="tool" href={`/mail${back}`}>{t("contacts.cancel")}</a>
      </div>
    </form>
  );
}

interface Fields {
  form: Form;
  set: (values: Partial<Form>) => void;
}

type TextName = "title" | "given" | "surname" | "full" | "nickname" | "organization" | "unit" | "job";

function Text({ name, label, form, set, first = false }: Fields & { name: TextName; label: string; first?: boolean }) {
  return (
    <label>
      <span>{t(label)}</span>
      <input class="field" dir="auto" autoFocus={first} value={form[name]} maxLength={500} onInput={(event) => set({ [name]: event.currentTarget.value })} />
    </label>
  );
}

// The day may be known without its year.
function Birthday({ form, set }: Fields) {
  const names = new Intl.DateTimeFormat(locale.value, { month: "long", timeZone: "UTC" });
  const most = new Date(Date.UTC(Number(form.year) || LEAP, Number(form.month) || 1, 0)).getUTCDate();
  return (
    <fieldset class="birthday">
      <legend>{t("contacts.birth")}</legend>
      <input class="field" type="number" min="1" max={most} aria-label={t("contacts.day")} placeholder={t("contacts.day")} required={false} value={form.day} disabled={!form.month} onInput={(event) => set({ day: event.currentTarget.value })} />
      <select class="field" aria-label={t("contacts.month")} value={form.month} onChange={(event) => set(event.currentTarget.value ? { month: event.currentTarget.value } : { month: "", day: "" })}>
        <option value="">{t("contacts.month")}</option>
        {Array.from({ length: 12 }, (_, at) => <option key={at} value={String(at + 1)}>{names.format(Date.UTC(LEAP, at, 1))}</option>)}
      </select>
      <input class="field" type="number" min="1" max="9999" aria-label={t("contacts.year")} placeholder={t("contacts.year")} value={form.year} onInput={(event) => set({ year: event.currentTarget.value })} />
    </fieldset>
  );
}

function BookFields({ form, set }: Fields) {
  const chosen = form.bookIds.length ? form.bookIds : books.value.slice(0, 1).map((one) => one.id);
  const toggle = (id: string, on: boolean) => set({ bookIds: on ? [...chosen, id] : chosen.filter((one) => one !== id) });
  return (
    <fieldset class="book-choice">
      <legend>{t("contacts.books")}</legend>
      {books.value.map((one) => (
        <label class="contact-check" key={one.id}>
          <input type="checkbox" checked={chosen.includes(one.id)} disabled={chosen.length === 1 && chosen[0] === one.id} onChange={(event) => toggle(one.id, event.currentTarget.checked)} />
          <span dir="auto">{one.name}</span>
        </label>
      ))}
    </fieldset>
  );
}
