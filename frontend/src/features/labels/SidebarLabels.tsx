// The labels below the mailboxes.
import { t } from "../../i18n/words";
import { BASE, place } from "../../state/route";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import { Popup } from "../../views/Popup";
import { HUES, type Label, changeLabel, labels } from "./labels";
import { asked } from "./asked";
import { removeLabel } from "./removing";

export function SidebarLabels() {
  const all = labels();
  const making = t("command.labels.new");
  return (
    <>
      <header class="folders-head">
        <h2>{t("labels.labels")}</h2>
        <button type="button" class="quiet small" aria-label={making} title={making} onClick={() => (asked.value = { kind: "new" })}>
          <Icon name="plus" />
        </button>
      </header>
      <ul class="boxes">
        {all.map((label) => (
          <Line key={label.keyword} label={label} />
        ))}
      </ul>
    </>
  );
}

function Line({ label }: { label: Label }) {
  const path = `/label/${encodeURIComponent(label.keyword)}`;
  const here = place.value.path === path || place.value.path.startsWith(`${path}/`);
  return (
    <li>
      <a class="box" href={BASE + path} aria-current={here ? "page" : undefined}>
        <span class="dot" style={{ "--hue": label.hue }} />
        <span class="name" title={label.name}>
          <bdi>{label.name}</bdi>
        </span>
      </a>
      <div class="box-actions">
        <Popup label={t("labels.menu", { name: label.name })} button={<Icon name="more" />}>
          <fieldset class="hues">
            <legend>{t("labels.colour")}</legend>
            {HUES.map((hue, index) => (
              <button
                key={hue}
                type="button"
                class="dot"
                style={{ "--hue": hue }}
                aria-label={t("labels.colour-number", { number: index + 1 })}
                aria-pressed={hue === label.hue}
                onClick={() => void changeLabel(label, { hue }).catch(problem)}
              />
            ))}
          </fieldset>
          <button type="button" onClick={() => (asked.value = { kind: "rename", label })}>
            <Icon name="draft" />
            {t("labels.rename")}
          </button>
          <button type="button" onClick={() => void removeLabel(label).catch(problem)}>
            <Icon name="trash" />
            {t("labels.delete")}
          </button>
        </Popup>
      </div>
    </li>
  );
}
