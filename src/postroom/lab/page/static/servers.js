// The servers side by side: who lives there, with which password, at which ports.
import { byId, copyButton, make, post } from "./dom.js";

const SERVICES = [
  ["smtp", "SMTP, from other servers", 25], ["submission", "submission, from users", 587], ["submissions", "the same, under TLS", 465],
  ["pop3", "POP3", 110], ["pop3s", "POP3 under TLS", 995], ["imap", "IMAP", 143], ["imaps", "IMAP under TLS", 993], ["lmtp", "LMTP", 24],
];
const MANY = 4; // people, of whom more are folded away

// The window is opened by the click itself, since browsers let nothing else open one, and goes on to the web mail when its door has let us in.
async function enter(address, said) {
  const opened = window.open("", "_blank");
  said.textContent = "";
  try {
    const { url } = await post("/page/sign-in", { address });
    if (opened) opened.location.replace(url);
    else said.textContent = `Signed in, but the browser has opened no window: ${url}`;
  } catch (error) {
    opened?.close();
    said.textContent = error.message;
  }
}

function enterButton(address) {
  const said = make("span", { class: "said", role: "status" });
  const button = make(
    "button", { type: "button", class: "enter", "aria-label": `Read mail of ${address}`, title: "Signs in to the web mail, in a new window", onclick: () => void enter(address, said) },
    "Read mail",
  );
  return { button, said };
}

function person(address, password, signIn) {
  const { button, said } = signIn ? enterButton(address) : { button: null, said: null };
  return make(
    "li", {}, make("span", { class: "address" }, address), button,
    make("span", { class: "password" }, "password ", make("code", {}, password), copyButton(`Copy the password of ${address}`, password)), said,
  );
}

function people(accounts, signIn) {
  const list = make("ul", { class: "people" }, ...accounts.map(([address, password]) => person(address, password, signIn)));
  return accounts.length > MANY ? make("details", {}, make("summary", {}, `${accounts.length} people`), list) : list;
}

function ports(known) {
  const rows = SERVICES.filter(([name]) => known[name]).map(([name, words, usual]) =>
    make("tr", {}, make("th", { scope: "row" }, words), make("td", {}, String(known[name])), make("td", { class: "usual" }, String(usual))));
  return make(
    "details", {}, make("summary", {}, "Ports"),
    make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "what"), make("th", { scope: "col" }, "here"), make("th", { scope: "col" }, "usually"))), make("tbody", {}, ...rows)),
  );
}

function card(domain, lab, accounts, lane) {
  const known = lab.domains[domain];
  const web = `http://${location.hostname}:${known.http}/mail/`;
  return make(
    "article", { class: "server-card", "data-lane": String(lane) },
    make("h3", {}, domain),
    make("p", { class: "host" }, `mail.${domain}`, known.smtp ? ` · SMTP ${known.smtp} · POP3 ${known.pop3} · IMAP ${known.imap}` : ""),
    people(accounts, lab.signIn && known.http),
    known.http ? make("p", {}, make("a", { class: "web", href: web, target: "_blank", rel: "noreferrer" }, `Web mail of ${domain}`)) : null,
    ports(known),
  );
}

// Draws them; gives the domains in their order.
export function draw(lab) {
  const domains = Object.keys(lab.domains).sort();
  const accounts = Object.entries(lab.accounts);
  const cards = domains.map((domain, lane) => card(domain, lab, accounts.filter(([address]) => address.endsWith(`@${domain}`)), lane));
  const world = make(
    "p", { class: "world" }, `DNS 127.0.0.1 port ${lab.dns} · certificate authority `, make("code", {}, lab.ca), copyButton("Copy the path of the certificate authority", lab.ca),
  );
  byId("servers").replaceChildren(make("h2", { id: "servers-title", class: "unseen" }, "The servers"), ...cards, world);
  return domains;
}
