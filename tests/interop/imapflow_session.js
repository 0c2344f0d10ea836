// A session of npm's imapflow with the account that the environment names; prints one JSON object.
const { ImapFlow } = require("imapflow");

const { IMAP_PORT, IMAP_USER, IMAP_PASSWORD, IMAP_SECURE } = process.env;

async function main() {
    const client = new ImapFlow({
        host: "localhost", port: Number(IMAP_PORT), secure: IMAP_SECURE === "yes", doSTARTTLS: IMAP_SECURE !== "yes",
        auth: { user: IMAP_USER, pass: IMAP_PASSWORD }, logger: false,
    });
    const said = {};
    await client.connect();
    said.enabled = [...client.enabled];
    await client.mailboxCreate(["Crêpes & Co", "Sweet"]);
    said.folders = (await client.list()).map((one) => [one.path, one.specialUse || ""]);
    const opened = await client.mailboxOpen("INBOX");
    said.exists = opened.exists;
    said.found = await client.search({ subject: "number1", body: "ketchup" }, { uid: true });
    const one = await client.fetchOne(String(said.found[0]), { source: true, envelope: true, bodyStructure: true, flags: true }, { uid: true });
    said.source = one.source.toString("latin1");
    said.from = one.envelope.from[0].address;
    said.type = one.bodyStructure.type;
    await client.messageFlagsAdd(said.found, ["\\Flagged"], { uid: true });
    said.moved = (await client.messageMove(said.found, "Crêpes & Co/Sweet", { uid: true })).destination;
    const idled = new Promise((resolve) => client.on("exists", (news) => resolve(news.count)));
    const other = new ImapFlow({
        host: "localhost", port: Number(IMAP_PORT), secure: IMAP_SECURE === "yes", auth: { user: IMAP_USER, pass: IMAP_PASSWORD }, logger: false,
    });
    await other.connect();
    setTimeout(() => other.append("INBOX", one.source, ["\\Seen"]), 200);
    client.idle();
    said.news = await idled;
    said.status = await client.status("Crêpes & Co/Sweet", { messages: true, unseen: true });
    await client.messageDelete("1", {});
    said.left = (await client.status("INBOX", { messages: true })).messages;
    await other.logout();
    await client.logout();
    process.stdout.write(JSON.stringify(said) + "\n");
}

main().catch((error) => { console.error(error); process.exit(1); });
