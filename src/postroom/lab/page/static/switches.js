// What is wrong on purpose, and the time: everything that `postroom lab faults` and `postroom lab clock` can do.
import { ask, byId, make } from "./dom.js";

const STEPS = [["+1 h", 3600], ["+5 h", 18000], ["+5 days", 432000]];
const LOOK = 1500; // ms between two looks at what is on, while something happens

let looking = 0;

function tellClock(found) {
  const at = new Date(found.now / 1000).toISOString().slice(0, 16).replace("T", " ");
  byId("clock").textContent = found.ahead ? `The lab's clock: ${at} UTC, moved ahead` : `The lab's clock: ${at} UTC`;
}

async function move(seconds) {
  const [found] = await ask("clock", { seconds });
  tellClock(found);
}

function clock() {
  return make(
    "fieldset", { class: "clock" }, make("legend", {}, "The clock"),
    make("p", {}, "Retries, delay notices and expiry happen when their time comes. Move it:"),
    ...STEPS.map(([words, seconds]) => make("button", { type: "button", onclick: () => void move(seconds) }, words)),
  );
}

function described(one) {
  if (one.fault) return `${one.fault}: ${one.words ?? ""}`;
  const terms = Object.entries(one).filter(([name]) => !["number", "at", "happened", "left"].includes(name)).map(([name, value]) => `${name} ${value}`);
  return `${one.at}: ${terms.join(", ")}`;
}

function switchedOn(records) {
  const on = records.filter((one) => one.fault || one.number);
  byId("switched-on").textContent = on.length ? `${on.length} on` : "all is well";
  byId("switched-on").className = on.length ? "wrong" : "well";
  const list = on.map((one) => make(
    "li", {}, described(one), one.happened === undefined ? " " : ` · happened ${one.happened === 1 ? "once" : `${one.happened} times`} `,
    make("button", { type: "button", "aria-label": `Switch off ${described(one)}`, onclick: () => void change("faults.clear", { which: [String(one.number ?? one.fault)] }) }, "Off"),
  ));
  const all = make("button", { type: "button", onclick: () => void change("faults.clear", {}) }, "All off");
  byId("on-now").replaceChildren(...(on.length ? [make("ul", {}, ...list), all] : [make("p", {}, "Nothing is wrong on purpose.")]));
}

async function change(operation, given) {
  const said = byId("fault-said");
  try {
    await ask(operation, given);
    said.textContent = "";
  } catch (error) {
    said.textContent = error.message;
  }
  await look();
}

const field = (label, name, hint, type = "text") => make("label", {}, `${label} `, make("input", { name, placeholder: hint, autocomplete: "off", type, ...(type === "number" ? { min: "0", step: "any" } : {}) }));

function named(records) {
  const options = records.filter((one) => one.name && !one.number).map((one) => make("option", { value: one.name }, `${one.name}: ${one.words}`));
  const chosen = make("select", { name: "what" }, ...options);
  return make(
    "form", { onsubmit: (event) => { event.preventDefault(); void change("faults.add", { what: chosen.value }); } },
    make("label", {}, "A known trouble ", chosen), make("button", { type: "submit" }, "Switch on"),
  );
}

const typed = (name, text) => (["delay", "drip", "times"].includes(name) ? Number(text) : ["drop", "refuse", "strip"].includes(name) ? true : text);

// "domain=crepes.test drip=1": terms that have no field of their own.
function pairs(text) {
  const words = text.split(/\s+/).filter(Boolean).map((word) => word.split("="));
  return Object.fromEntries(words.map(([name, value = "yes"]) => [name, typed(name, value)]));
}

function terms(form) {
  const given = {};
  for (const [name, value] of new FormData(form)) {
    const text = value.trim();
    if (name === "more") Object.assign(given, pairs(text));
    else if (text) given[name] = typed(name, text);
  }
  return given;
}

function step() {
  return make(
    "form", { class: "terms", onsubmit: (event) => { event.preventDefault(); void change("faults.add", terms(event.target)); } },
    field("At", "what", "rcpt, data, after-data, imap FETCH …"), field("Reply", "reply", "451 4.3.0 Come back later"), field("Delay, seconds", "delay", "0", "number"),
    make("label", { class: "check" }, make("input", { type: "checkbox", name: "drop" }), " drop the connection"), field("So many times", "times", "always", "number"),
    field("Sender", "sender", "*"), field("Recipient", "recipient", "*@hamburger.test"),
    field("Further", "more", "domain=crepes.test drip=1"), make("button", { type: "submit" }, "Switch on"),
  );
}

function addresses(records) {
  return records.filter((one) => one.address).map((one) => make("li", {}, make("code", {}, one.address), ` ${one.words}`));
}

let faults = false; // whether this lab has switches

async function look() {
  switchedOn(await ask("faults.list"));
}

// Something has happened: faults may have had their turn.
export function changed() {
  if (looking || !faults || !byId("switches").open) return;
  looking = setTimeout(() => {
    looking = 0;
    void look();
  }, LOOK);
}

export async function start(lab) {
  faults = lab.asked.includes("faults.list");
  await move(0);
  byId("panel").replaceChildren(clock());
  if (faults) await startFaults();
}

async function startFaults() {
  const known = await ask("faults.list", { known: true });
  const here = addresses(known);
  byId("panel").append(
    make("fieldset", {}, make("legend", {}, "On now"), make("div", { id: "on-now" })),
    make("fieldset", { class: "faults" }, make("legend", {}, "Switch on"), named(known), make("p", {}, "Or at a step of a dialogue:"), step(), make("p", { id: "fault-said", class: "said", role: "status" })),
    make("fieldset", {}, make("legend", {}, "By address, always"), make("p", {}, "Write to one of these at any domain of the lab:"), make("ul", {}, ...here)),
  );
  switchedOn(known);
}
