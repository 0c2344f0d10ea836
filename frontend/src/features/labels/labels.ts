// Labels: keywords of emails (RFC 8621 §4.1.1) with a name and a colour, which the account's preferences keep.
import { t } from "../../i18n/words";
import type { EmailRow } from "../../jmap/records";
import { prefer, preference } from "../../state/preferences";
import { keywordOf } from "./keyword";

export interface Label {
  keyword: string;
  name: string;
  hue: number;
}

export const HUES = [210, 160, 120, 75, 40, 15, 345, 310, 275, 240];
const PART = "labels";
const MOST = 200;

/** All that somebody has made, by name. */
export function labels(): readonly Label[] {
  return preference<Label[]>(PART, []);
}

/** The label of a keyword; one that another program has put there gets the keyword's name. */
export function labelOf(keyword: string): Label {
  return labels().find((one) => one.keyword === keyword) ?? { keyword, name: keyword, hue: 210 };
}

/** What is on emails, each once: all keywords that are no system's. */
export function labelsOf(emails: readonly EmailRow[]): Label[] {
  const words = new Set(emails.flatMap((email) => Object.keys(email.keywords)).filter(isLabel));
  return [...words].map(labelOf).sort((a, b) => a.name.localeCompare(b.name));
}

function isLabel(keyword: string): boolean {
  return !keyword.startsWith("$") && !["junk", "nonjunk", "notjunk"].includes(keyword);
}

export async function makeLabel(name: string): Promise<Label> {
  const all = labels();
  const there = all.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (there) return there;
  if (all.length >= MOST) throw new Error(t("labels.too-many", { most: MOST }));
  const keyword = keywordOf(name, (one) => all.some((other) => other.keyword === one));
  const made = { keyword, name, hue: HUES[all.length % HUES.length] ?? 210 };
  await keep([...all, made]);
  return made;
}

export function changeLabel(label: Label, change: Partial<Label>): Promise<void> {
  const others = labels().filter((one) => one.keyword !== label.keyword);
  return keep([...others, { ...label, ...change }]);
}

export function dropLabel(label: Label): Promise<void> {
  return keep(labels().filter((one) => one.keyword !== label.keyword));
}

function keep(all: Label[]): Promise<void> {
  return prefer(PART, all.sort((a, b) => a.name.localeCompare(b.name)));
}
