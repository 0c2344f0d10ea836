// Postal addresses.
import { t } from "../../i18n/words";
import { Icon } from "../../views/Icon";
import { EMAIL_KINDS, type Place } from "./editing";

const FIELDS = ["street", "postcode", "locality", "region", "country"] as const;
const EMPTY: Place = { key: "", kind: "", street: "", postcode: "", locality: "", region: "", country: "" };

export function PlaceFields({ places, onChange }: { places: readonly Place[]; onChange: (places: Place[]) => void }) {
  const put = (at: number, values: Partial<Place>) => onChange(places.map((one, index) => (index === at ? { ...one, ...values } : one)));
  return (
    <fieldset class="lines">
      <legend>{t("contacts.address")}</legend>
      {places.map((place, at) => (
        <div key={at} class="fields place">
          {FIELDS.map((name) => (
            <label key={name}>
              <span>{t(`contacts.place.${name}`)}</span>
              <input class="field" dir="auto" value={place[name]} maxLength={500} onInput={(event) => put(at, { [name]: event.currentTarget.value })} />
            </label>
          ))}
          <div class="line-field">
            <select class="field" aria-label={t("contacts.kind")} value={place.kind} onChange={(event) => put(at, { kind: event.currentTarget.value })}>
              {EMAIL_KINDS.map((kind) => <option key={kind} value={kind}>{t(`contacts.kind.${kind || "other"}`)}</option>)}
            </select>
            <button type="button" class="quiet" aria-label={t("contacts.remove", { what: t("contacts.address") })} onClick={() => onChange(places.filter((_, index) => index !== at))}>
              <Icon name="close" />
            </button>
          </div>
        </div>
      ))}
      <button type="button" class="tool framed" onClick={() => onChange([...places, EMPTY])}>
        <Icon name="plus" />
        {t("contacts.add-address")}
      </button>
    </fieldset>
  );
}
