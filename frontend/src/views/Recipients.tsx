// Whom a message is for: a line, and behind it all addresses.
import { longDate } from "../i18n/dates";
import { t } from "../i18n/words";
import { type Address, type EmailBody, type EmailRow, RESENT } from "../jmap/records";
import { inFull, nameOf } from "../mail/people";
import { isMe } from "../state/session";

function short(list: readonly Address[], me = t("list.me")): string {
  return list.map((one) => (isMe(one.email) ? me : nameOf(one))).join(", ");
}

// Whom it is for, in the case that the language has for it.
function forWhom(all: readonly Address[]): string {
  if (!all.length) return t("list.no-recipient");
  if (all.length === 1 && isMe(all[0]?.email ?? "")) return t("message.to-me");
  return t("message.to", { who: short(all, t("message.me")) });
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
        <span dir="auto">{forWhom(all)}</span>
      </summary>
      <dl>
        {lines.map(([name, list]) =>
          list?.length ? (
            <div key={name}>
              <dt>{t(`message.field.${name}`)}</dt>
              <dd dir="auto">{list.map(inFull).join(", ")}</dd>
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
