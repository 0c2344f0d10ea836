// Files on their way to the server (RFC 8620 §6.1), with how far they are. XMLHttpRequest, since fetch tells nothing of what has been sent.
import { size } from "../../i18n/sizes";
import { t } from "../../i18n/words";
import { OWN_PAGE, jmap } from "../../jmap/client";
import { type Attached, newKey } from "./draft";
import { mostOfFile, mostOfFiles } from "./limits";
import { touch } from "./saving";
import type { Compose } from "./windows";

/** Adds files; `inText`: pictures go into the text. */
export function attach(one: Compose, files: readonly File[], inText = false): void {
  one.wrong.value = { ...one.wrong.peek(), files: "" };
  for (const file of files) {
    const within = inText && one.draft.peek().rich && one.insertPicture !== null && file.type.startsWith("image/");
    const wrong = tooLarge(one, file);
    if (wrong) one.wrong.value = { ...one.wrong.peek(), files: wrong };
    else start(one, file, within);
  }
}

function tooLarge(one: Compose, file: File): string {
  if (file.size > mostOfFile()) return t("compose.file-too-large", { name: file.name, most: size(mostOfFile()) });
  const sum = one.draft.peek().files.reduce((octets, each) => octets + each.size, file.size);
  return sum > mostOfFiles() ? t("compose.files-too-large", { name: file.name, most: size(mostOfFiles()) }) : "";
}

function start(one: Compose, file: File, within: boolean): void {
  const key = newKey();
  const name = file.name || t("compose.picture");
  const cid = within ? `${key}@postroom` : null;
  const attached: Attached = { key, name, type: file.type || "application/octet-stream", size: file.size, blobId: null, cid, progress: 0, failed: "" };
  one.draft.value = { ...one.draft.peek(), files: [...one.draft.peek().files, attached] };
  const set = (change: Partial<Attached>) => {
    const draft = one.draft.peek();
    one.draft.value = { ...draft, files: draft.files.map((each) => (each.key === key ? { ...each, ...change } : each)) };
  };
  const work = upload(file, (progress) => set({ progress }), () => one.draft.peek().files.some((each) => each.key === key)).then(
    (blobId) => {
      set({ blobId, progress: 1 });
      if (cid) one.insertPicture?.(cid, jmap.downloadUrl(blobId, name, attached.type), name);
      touch(one);
    },
    (error: unknown) => set({ failed: error instanceof Error ? error.message : String(error) }),
  );
  one.uploads.add(work);
  void work.finally(() => one.uploads.delete(work));
}

export function detach(one: Compose, key: string): void {
  const draft = one.draft.peek();
  one.draft.value = { ...draft, files: draft.files.filter((each) => each.key !== key) };
  touch(one);
}

function upload(file: File, onProgress: (part: number) => void, wanted: () => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const url = new URL((jmap.session?.uploadUrl ?? "").replace("{accountId}", encodeURIComponent(jmap.accountId)), location.href);
    const request = new XMLHttpRequest();
    request.open("POST", url.pathname + url.search);
    for (const [name, value] of Object.entries(OWN_PAGE)) request.setRequestHeader(name, value);
    request.setRequestHeader("content-type", file.type || "application/octet-stream");
    request.upload.onprogress = (event) => {
      if (!wanted()) request.abort();
      else if (event.lengthComputable) onProgress(Math.min(0.99, event.loaded / event.total));
    };
    request.onabort = () => reject(new Error(t("compose.upload-stopped")));
    request.onerror = () => reject(new Error(t("compose.upload-failed")));
    request.onload = () => {
      if (request.status === 201 || request.status === 200) resolve((JSON.parse(request.responseText) as { blobId: string }).blobId);
      else if (request.status === 401) jmap.onSignedOut();
      if (request.status >= 300) reject(new Error(request.status === 507 ? t("compose.refused.overQuota") : t("compose.upload-failed")));
    };
    request.send(file);
  });
}
