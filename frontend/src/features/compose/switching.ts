// From formatting to plain text and back. The way back gives the formatting again as long as the text is the same.
import { rememberRich } from "./beginnings";
import { textToHtml } from "./quoting";
import { collect, touch } from "./saving";
import type { Compose } from "./windows";

const PASTED = /@postroom$/;

export function switchRich(one: Compose): void {
  collect(one);
  const draft = one.draft.peek();
  if (draft.rich) {
    one.before = { html: draft.html, text: draft.text };
    // Pictures that were put in here are files then; those of what is quoted stay away.
    const files = draft.files.map((file) => (file.cid && PASTED.test(file.cid) ? { ...file, cid: null } : file));
    one.draft.value = { ...draft, rich: false, files };
  } else {
    const same = one.before !== null && one.before.text === draft.text;
    const html = same ? (one.before?.html ?? "") : textToHtml(draft.text);
    const files = draft.files.map((file) => {
      const cid = `${file.key}@postroom`;
      return same && !file.cid && html.includes(`cid:${cid}`) ? { ...file, cid } : file;
    });
    one.draft.value = { ...draft, rich: true, html, files };
  }
  rememberRich(one.draft.peek().rich);
  touch(one);
}
