// Who has logged in, from where and how, and who tried.
import { useEffect, useState } from "preact/hooks";
import { headDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import { problem } from "../../state/toasts";
import { Section } from "./Section";
import type { LoginRecord } from "./methods";
import { protocolName } from "./protocols";

const STEP = 20;

export function HistorySection() {
  const [rows, setRows] = useState<readonly LoginRecord[]>([]);
  const [total, setTotal] = useState(0);
  const [failed, setFailed] = useState(false);
  const load = async (position: number) => {
    const asked = jmap.call("LoginHistory/query", { filter: failed ? { isGood: false } : null, position, limit: STEP, calculateTotal: true });
    const found = jmap.call("LoginHistory/get", { "#ids": asked.at("/ids") });
    setTotal((await asked).total ?? 0);
    const { list } = await found;
    const order = new Map((await asked).ids.map((id, index) => [id, index]));
    const sorted = list.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
    setRows((before) => (position ? [...before, ...sorted] : sorted));
  };
  useEffect(() => void load(0).catch(problem), [failed]);
  return (
    <Section title={t("settings.history")} about={t("settings.history-about")}>
      <label class="settings-check">
        <input type="checkbox" checked={failed} onChange={() => setFailed(!failed)} />
        <span>{t("settings.history-failed")}</span>
      </label>
      <div class="settings-table" role="group" tabIndex={0} aria-label={t("settings.history")}>
        <table>
          <thead>
            <tr>
              {["when", "what", "how", "where", "times"].map((one) => (
                <th key={one} scope="col">
                  {t(`settings.history-${one}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((one) => (
              <tr key={one.id} class={one.isGood ? "" : "bad"}>
                <td>{headDate(one.last)}</td>
                <td>
                  {protocolName(one.protocol)} {!one.isGood && <strong>{t("settings.history-refused")}</strong>}
                </td>
                <td>{[one.method, one.label].filter(Boolean).join(": ")}</td>
                <td>{one.ip}</td>
                <td>{one.times}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length < total && (
        <button type="button" class="quiet" onClick={() => void load(rows.length).catch(problem)}>
          {t("settings.history-more")}
        </button>
      )}
    </Section>
  );
}
