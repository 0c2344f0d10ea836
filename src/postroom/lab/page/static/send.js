// The first mail: a form that really sends, and the command that does the same.
import { byId, copy, make, post } from "./dom.js";

// As a POSIX shell reads it.
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function command(form) {
  const to = quoted(form.to.value || "bob@hamburger.test");
  return `echo ${quoted(form.text.value)} | postroom mail --as ${quoted(form.sender.value)} send ${to} --subject ${quoted(form.subject.value)}`;
}

export function start(lab) {
  const form = byId("send").querySelector("form");
  const fields = { sender: form.elements.sender, to: form.elements.to, subject: form.elements.subject, text: form.elements.text };
  const addresses = Object.keys(lab.accounts);
  const first = addresses.find((one) => one.startsWith("alice@")) ?? addresses[0];
  fields.sender.replaceChildren(...addresses.map((value) => make("option", { value }, value)));
  fields.sender.value = first;
  fields.to.value = addresses.find((one) => one.startsWith("bob@")) ?? addresses.find((one) => one !== first) ?? first;
  const show = () => { byId("command").textContent = command(fields); };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send(form, fields);
  });
  byId("copy-command").addEventListener("click", (event) => void copy(event.currentTarget, () => command(fields)));
  show();
}

async function send(form, fields) {
  const said = form.querySelector(".said");
  const button = form.querySelector("button.main");
  button.disabled = true;
  said.textContent = "Sending …";
  try {
    const done = await post("/page/send", { sender: fields.sender.value, to: fields.to.value, subject: fields.subject.value, text: fields.text.value });
    said.textContent = `The server said: ${done.reply}${done.refused.map((one) => `; ${one.recipient} was refused: ${one.reply}`).join("")}`;
  } catch (error) {
    said.textContent = error.message;
  }
  button.disabled = false;
}
