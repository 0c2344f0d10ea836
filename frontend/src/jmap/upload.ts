// Files on their way to the server (RFC 8620 §6.1), with how far they are. XMLHttpRequest, since fetch tells nothing of what has been sent.
import { OWN_PAGE, RequestFailed, jmap } from "./client";
import type { Id } from "./records";

const LOOK_MS = 1000;
const SILENCE_MS = 120_000; // in which nothing moves: a connection may be dead, and nobody says so
const AGAIN_MS = 2000;
const BUSY = "maxConcurrentUpload";

interface Watching {
  /** Hears how far it is, from 0 to 1. */
  onProgress: (part: number) => void;
  /** Asked now and then; what nobody wants any more is given up. */
  wanted: () => boolean;
}

const waiting: (() => void)[] = [];
let busy = 0;

/** Brings a file to the server, no more of them at a time than it takes (RFC 8620 §2). Raises RequestFailed, 0 where it has not arrived. */
export async function upload(file: File, watching: Watching): Promise<Id> {
  if (busy >= most()) await new Promise<void>((resolve) => waiting.push(resolve));
  else busy++;
  try {
    return await patiently(file, watching);
  } finally {
    const next = waiting.shift(); // takes the place over
    if (next) next();
    else busy--;
  }
}

// One less than the server takes, so that another window has room, too.
function most(): number {
  return Math.max(1, Number(jmap.session?.capabilities["urn:ietf:params:jmap:core"]?.[BUSY] ?? 4) - 1);
}

// Other windows of the same account may keep the server busy: then it is asked again.
async function patiently(file: File, watching: Watching): Promise<Id> {
  for (const began = Date.now(); ; ) {
    const request = await attempt(file, watching);
    if (request.status === 200 || request.status === 201) return (JSON.parse(request.responseText) as { blobId: Id }).blobId;
    if (request.status === 401) jmap.onSignedOut();
    const again = request.status === 400 && request.responseText.includes(BUSY) && Date.now() - began < SILENCE_MS;
    if (!again) throw new RequestFailed(request.status, request.statusText);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

function attempt(file: File, { onProgress, wanted }: Watching): Promise<XMLHttpRequest> {
  const request = new XMLHttpRequest();
  let heard = Date.now();
  const timer = setInterval(() => (!wanted() || Date.now() - heard > SILENCE_MS) && request.abort(), LOOK_MS);
  const over = new Promise<XMLHttpRequest>((resolve, reject) => {
    if (!wanted()) throw new RequestFailed(0, "");
    const url = new URL((jmap.session?.uploadUrl ?? "").replace("{accountId}", encodeURIComponent(jmap.accountId)), location.href);
    request.open("POST", url.pathname + url.search);
    for (const [name, value] of Object.entries(OWN_PAGE)) request.setRequestHeader(name, value);
    request.setRequestHeader("content-type", file.type || "application/octet-stream");
    request.upload.onprogress = (event) => {
      heard = Date.now();
      if (event.lengthComputable) onProgress(Math.min(0.99, event.loaded / event.total));
    };
    request.onabort = request.onerror = () => reject(new RequestFailed(0, ""));
    request.onload = () => resolve(request);
    request.send(file);
  });
  return over.finally(() => clearInterval(timer));
}
