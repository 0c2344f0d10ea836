// One happening as a line that can be opened: then it says what it means, with the section that says so.
import { make } from "./dom.js";
import { answersOf, labelOf, signOf, textOf, timeOf } from "./happenings.js";

const SECTION = /RFC (\d{2,5})(?: §(\d+(?:\.\d+)*))?/g;

// "RFC 5321 §4.2.3, RFC 3463 §3.2" with links to the RFC Editor's texts.
function sources(text) {
  const found = [];
  let at = 0;
  for (const match of text.matchAll(SECTION)) {
    found.push(text.slice(at, match.index));
    const where = `https://www.rfc-editor.org/rfc/rfc${match[1]}${match[2] ? `#section-${match[2]}` : ""}`;
    found.push(make("a", { href: where, target: "_blank", rel: "noreferrer" }, match[0]));
    at = match.index + match[0].length;
  }
  return [...found, text.slice(at)];
}

function results(one) {
  return (one.facts?.results ?? []).map((found) => make("span", { class: `result ${found.result}` }, `${found.method} ${found.result}`));
}

function meaning(one) {
  const made = make("div", { class: "means" });
  if (one.kind === "checked") made.append(make("p", { class: "field" }, one.text));
  for (const found of one.facts?.results ?? []) made.append(make("p", {}, `${found.method} = ${found.result}: ${found.because}`));
  made.append(make("p", {}, one.means ?? "Nothing is known about this line.", " ", make("cite", {}, ...sources(one.source ?? ""))));
  return made;
}

function words(one) {
  if (one.kind === "checked") return make("span", { class: "text" }, "Authentication-Results so far: ", ...results(one));
  const text = make("span", { class: "text" }, textOf(one) || " ");
  if (one.kind === "dns") text.append(make("span", { class: "answer" }, ` = ${answersOf(one)}`));
  return text;
}

// `lane` is the place of its server among all, -1 for none.
export function row(one, lane) {
  const whose = one.connection ? `${labelOf(one)} #${one.connection}` : labelOf(one);
  const button = make(
    "button", { type: "button", class: "line", tabindex: "-1", "aria-expanded": "false" },
    make("time", {}, timeOf(one)),
    make("span", { class: "server" }, one.server || "DNS"),
    make("span", { class: "whose" }, whose),
    make("span", { class: "arrow" }, signOf(one)),
    words(one),
  );
  const made = make("li", { class: `of-${one.kind} ${one.content ? "content" : ""} ${one.arrow?.includes("~") ? "tls" : ""}`, "data-lane": String(lane), "data-seq": String(one.seq) }, button);
  button.addEventListener("click", () => toggle(made, button, one));
  return made;
}

function toggle(made, button, one) {
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  if (open) made.lastElementChild.remove();
  else made.append(meaning(one));
}
