// What a program does that uses the library jmap-jam: looks, writes, sends to itself, hears of it, and puts it away. Prints one JSON object.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [packages, sessionUrl, bearerToken, address] = process.argv.slice(2);
const { default: JamClient } = await import(pathToFileURL(createRequire(packages + "/x.js").resolve("jmap-jam")).href);

const jam = new JamClient({ sessionUrl, bearerToken });
const session = await jam.session;
const accountId = await jam.getPrimaryAccount();

const [{ list: mailboxes }] = await jam.api.Mailbox.get({ accountId });
const role = (name) => mailboxes.find((mailbox) => mailbox.role === name).id;
const [{ list: identities }] = await jam.api.Identity.get({ accountId });

const attachment = await jam.uploadBlob(accountId, new Blob(["a,b\n1,2\n"], { type: "text/csv" }));

// Its own event source cannot log in from Node, so the stream is read here.
const where = session.eventSourceUrl.replace("{types}", "Email").replace("{closeafter}", "state").replace("{ping}", "5");
const events = await fetch(where, { headers: { Authorization: `Bearer ${bearerToken}` } });
const told = events.text().then((stream) => JSON.parse(stream.split("event: state")[1].match(/^data: (.*)$/m)[1]));

const [{ draft, sent }] = await jam.requestMany((t) => {
  const draft = t.Email.set({
    accountId,
    create: {
      letter: {
        mailboxIds: { [role("drafts")]: true },
        keywords: { $draft: true },
        from: [{ email: address }],
        to: [{ email: address }],
        subject: "Do you like ketchup?",
        bodyStructure: {
          type: "multipart/mixed",
          subParts: [
            { type: "text/plain", partId: "text" },
            { type: "text/csv", blobId: attachment.blobId, disposition: "attachment", name: "table.csv" },
          ],
        },
        bodyValues: { text: { value: "I do. Grüße!\n" } },
      },
    },
  });
  const sent = t.EmailSubmission.set({
    accountId,
    create: { sending: { emailId: "#letter", identityId: identities[0].id } },
    onSuccessUpdateEmail: {
      "#sending": { [`mailboxIds/${role("drafts")}`]: null, [`mailboxIds/${role("sent")}`]: true, "keywords/$draft": null },
    },
  });
  return { draft, sent };
});

const push = await told;
let found;
for (let turn = 0; turn < 100 && !found?.emails.list.length; turn++) {
  if (turn) await new Promise((resolve) => setTimeout(resolve, 100));
  [found] = await jam.requestMany((t) => {
    const ids = t.Email.query({ accountId, filter: { inMailbox: role("inbox"), text: "ketchup" }, sort: [{ property: "receivedAt" }] });
    const emails = t.Email.get({
      accountId,
      ids: ids.$ref("/ids"),
      properties: ["id", "threadId", "subject", "from", "preview", "keywords", "attachments", "textBody", "bodyValues"],
      fetchTextBodyValues: true,
    });
    const threads = t.Thread.get({ accountId, ids: emails.$ref("/list/*/threadId") });
    return { ids, emails, threads };
  });
}
const email = found.emails.list[0];
const file = email.attachments[0];
const response = await jam.downloadBlob({ accountId, blobId: file.blobId, mimeType: "text/csv", fileName: "table.csv" });

const [updated] = await jam.api.Email.set({ accountId, update: { [email.id]: { "keywords/$seen": true, mailboxIds: { [role("archive")]: true } } } });
const [changes] = await jam.api.Email.changes({ accountId, sinceState: found.emails.state });
let refused;
try {
  await jam.api.Email.get({ accountId: "Anone", ids: [] });
} catch (error) {
  refused = error.type;
}

console.log(
  JSON.stringify({
    username: session.username,
    draft: Object.keys(draft.created ?? {}),
    moved: Object.keys(sent.updated ?? {}).length, // of two answers to one call it keeps the last: that of onSuccessUpdateEmail
    push: push["@type"],
    subject: email.subject,
    text: email.bodyValues[email.textBody[0].partId].value,
    thread: found.threads.list[0].emailIds.includes(email.id),
    file: await response.text(),
    updated: Object.keys(updated.updated ?? {}).includes(email.id),
    changed: changes.updated.includes(email.id),
    refused,
  }),
);
process.exit(0);
