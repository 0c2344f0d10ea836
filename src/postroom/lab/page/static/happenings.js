// Happenings of the feed as words: protocol, text, answers. Not here: drawing, and what they mean (the server knows).

const FAMILY = { smtp: "smtp", submission: "smtp", submissions: "smtp", lmtp: "smtp", pop3: "pop3", pop3s: "pop3", imap: "imap", imaps: "imap", http: "web", https: "web" };

export const PROTOCOLS = [
  ["", "all"], ["mail", "all but the web"], ["dns", "DNS"], ["smtp", "SMTP"], ["pop3", "POP3"], ["imap", "IMAP"], ["web", "web mail"], ["steps", "checks and steps"], ["log", "log"],
];

const OF_KIND = { dns: "dns", checked: "steps", journey: "steps", noted: "log" };

// Which of PROTOCOLS one belongs to.
export const familyOf = (one) => OF_KIND[one.kind] ?? FAMILY[one.service] ?? "log";

const LABEL = { dns: "question", checked: "check", journey: "step", noted: "log" };

export const labelOf = (one) => LABEL[one.kind] ?? one.service.toUpperCase();

export const timeOf = (one) => new Date(one.at / 1000).toISOString().slice(11, 23);

// The arrow of a line, or what stands in its place.
export function signOf(one) {
  if (one.kind === "line") return one.arrow;
  return { opened: "+", closed: "x", secured: "TLS", dns: "?", checked: "=", journey: "*", noted: "i" }[one.kind] ?? "";
}

const WORDS = {
  opened: (one, facts) => `connection from ${facts.name ? `${facts.name} [${facts.peer}]` : facts.peer} to port ${facts.port}`,
  closed: (one) => `connection closed (${one.text})`,
  secured: (one, facts) => `TLS from here on: ${facts.version}, ${facts.cipher}${facts.server_name ? `, for ${facts.server_name}` : ""}`,
  dns: (one, facts) => `${facts.kind} ${one.text}`,
  noted: (one, facts) => [one.text, ...Object.entries(facts).map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`)].join(" "),
  journey: (one, facts) => `${one.text}${facts.id ? ` · ${facts.id}` : ""}`,
};

export function textOf(one) {
  const words = WORDS[one.kind];
  return words ? words(one, one.facts ?? {}) : one.text ?? "";
}

// What a question to the DNS was answered.
export function answersOf(one) {
  const facts = one.facts ?? {};
  if (facts.answers?.length) return facts.answers.map((answer) => answer.slice(answer.indexOf(" ") + 1)).join(", ");
  return facts.rcode === "NOERROR" ? "no such record" : facts.rcode || "no answer";
}

// One line of a file.
export function plain(one) {
  const whose = one.connection ? `${one.server} ${one.service} #${one.connection}` : one.server ?? "";
  const answered = one.kind === "dns" ? ` = ${answersOf(one)}` : "";
  return `${timeOf(one)}  ${(one.kind === "dns" ? "DNS" : whose).padEnd(30)} ${signOf(one).padEnd(3)} ${textOf(one)}${answered}`;
}
