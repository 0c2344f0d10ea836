// Whom a message is for: a line, and behind it all addresses.
import { longDate } from "../i18n/dates";
import { t } from "../i18n/words";
import { type Address, type EmailBody, type EmailRow, RESENT } from "../jmap/records";
import { nameOf } from "../mail/people";
import { isMe } from "../state/session";

function short(list: readonly Address[]): string {
  return list.map((one) => (isMe(one.email) ? t("list.me") : nameOf(one))).join(", ");
}

function full(list: readonly Address[]): string {
  return list.map((one) => (one.name ? `${one.name} <${one.email}>` : one.email)).join(", ");
}

export function Recipients({ row, body }: { row: EmailRow; body: EmailBody }) {
  const all = [...(row.to ?? []), ...(body.cc ?? []), ...(body.bcc ?? [])];
  const resent = (body[RESENT] ?? []).flat();
  const lines: [string, Address[] | null][] = [
    ["from", row.from], ["reply-to", body.replyTo], ["to", row.to], ["cc", body.cc], ["bcc", body.bcc],
  ];
  return (
    <details class="recipients">
      <summary>
        {resent.length > 0 && <strong class="resent">{t("redirect.by", { who: short(resent) })} </strong>}
        <span dir="auto">{all.length ? t("message.to", { who: short(all) }) : t("list.no-recipient")}</span>
      </summary>
      <dl>
        {lines.map(([name, list]) =>
          list?.length ? (
            <div key={name}>
              <dt>{t(`message.field.${name}`)}</dt>
              <dd dir="auto">{full(list)}</dd>
            </div>
          ) : null,
        )}
        <div>
          <dt>{t("message.field.date")}</dt>
          <dd>{longDate(body.sentAt ?? row.receivedAt)}</dd>
        </div>
      </dl>
    </details>
  );
}
