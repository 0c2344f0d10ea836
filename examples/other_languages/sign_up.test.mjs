// A test in JavaScript, with nothing but Node 20: node --test sign_up.test.mjs
// LAB is the address of a lab's page, as `postroom lab --wait` says it.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { test } from "node:test";

const api = new URL("api/v1/", process.env.LAB);

async function ask(method, path, body) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  const answer = await fetch(new URL(path, api), { method, headers, body: body && JSON.stringify(body) });
  const found = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(found.detail);
  return found;
}

// The program under test: it says what RFC 5321 has a client say, and throws what the server refuses.
async function signUp({ address, host, ports }) {
  const socket = connect(ports.smtp, host);
  const replies = createInterface({ input: socket })[Symbol.asyncIterator]();
  const lines = ["HELO shop.example", "MAIL FROM:<app@shop.example>", `RCPT TO:<${address}>`, "DATA",
    `Subject: Confirm your address\r\nTo: ${address}\r\n\r\nYour code is 123 456.\r\n.`, "QUIT"];
  try {
    for (const line of lines) {
      const { value: reply } = await replies.next();
      if (!/^[23]/.test(reply)) throw new Error(reply);
      socket.write(`${line}\r\n`);
    }
  } finally {
    socket.destroy();
  }
}

test("who signs up gets a code", async () => {
  const box = await ask("POST", "mailboxes", {});
  await signUp(box);
  const mail = await ask("GET", `mailboxes/${box.address}/wait?subject=Confirm*&timeout=30`);
  assert.equal(mail.code, "123456");
});

test("a refusal is told", async () => {
  const box = await ask("POST", "mailboxes", {});
  const fault = await ask("POST", "faults", { at: "rcpt", reply: "451 4.2.1 Busy", times: 1, recipient: box.address });
  await assert.rejects(signUp(box), /^Error: 451 4\.2\.1 Busy/);
  await ask("DELETE", `faults/${fault.id}`);
});
