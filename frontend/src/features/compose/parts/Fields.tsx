// From, To, Cc, Bcc, Subject.
import { t } from "../../../i18n/words";
import { touch } from "../saving";
import type { Compose } from "../windows";
import { AddressField } from "./AddressField";
import { FromField } from "./FromField";

export function Fields({ one, focus }: { one: Compose; focus: boolean }) {
  const more = one.expanded.value;
  const id = `${one.key}-subject`;
  const type = (subject: string) => {
    one.draft.value = { ...one.draft.peek(), subject };
    touch(one);
  };
  return (
    <div class="compose-fields">
      <FromField one={one} />
      <AddressField one={one} name="to" focus={focus}>
        {!more && (
          <button type="button" class="quiet compose-more" onClick={() => (one.expanded.value = true)}>
            {t("compose.more-fields")}
          </button>
        )}
      </AddressField>
      {more && <AddressField one={one} name="cc" />}
      {more && <AddressField one={one} name="bcc" />}
      <div class="compose-line">
        <label for={id}>{t("compose.subject")}</label>
        <input id={id} class="compose-subject" type="text" dir="auto" autocomplete="off" maxLength={900} value={one.draft.value.subject} onInput={(event) => type(event.currentTarget.value)} />
      </div>
    </div>
  );
}
