// Contacts from a file: what is in it is said before anything is taken.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { Dialog } from "../../views/Dialog";
import { books } from "./book";
import type { ParsedFile } from "./records";
import { type Taken, readFile, takeIn } from "./transfer";

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<ParsedFile | null>(null);
  const [bookId, setBookId] = useState(books.value[0]?.id ?? "");
  const [wrong, setWrong] = useState("");
  const [step, setStep] = useState<number | null>(null);
  const [taken, setTaken] = useState<Taken | null>(null);
  const attempt = async (work: () => Promise<void>) => {
    setWrong("");
    await work().catch((error: unknown) => setWrong(error instanceof Error ? error.message : String(error)));
    setStep(null);
  };
  const choose = (event: Event) => {
    const chosen = (event.currentTarget as HTMLInputElement).files?.[0];
    setFile(null);
    setTaken(null);
    if (chosen) void attempt(async () => setFile(await readFile(chosen)));
  };
  const take = () => {
    if (!file?.cards.length || step !== null) return;
    setStep(0);
    void attempt(async () => setTaken(await takeIn(file, bookId, setStep)));
  };
  const told = taken ? taken.refused : (file?.complaints ?? []);
  return (
    <Dialog title={t("contacts.import")} onClose={onClose} narrow>
      <div class="ask contact-ask">
        <p>{t("contacts.import-hint")}</p>
        <input type="file" class="field file" accept=".vcf,.vcard,.csv,.xml,text/vcard,text/csv,application/vcard+xml" aria-label={t("contacts.file")} onChange={choose} />
        <p role="status">
          {taken ? t("contacts.taken", { count: taken.added + taken.replaced }) : step !== null ? t("contacts.step", { done: step, all: file?.cards.length ?? 0 }) : file ? t("contacts.in-file", { count: file.cards.length }) : ""}
        </p>
        {told.length > 0 && (
          <details>
            <summary>{t("contacts.complaints", { count: told.length })}</summary>
            <ul class="told">{told.map((one, at) => <li key={at} dir="auto">{one}</li>)}</ul>
          </details>
        )}
        {file && !taken && books.value.length > 1 && (
          <label>
            <span>{t("contacts.into")}</span>
            <select class="field" value={bookId} onChange={(event) => setBookId(event.currentTarget.value)}>
              {books.value.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
            </select>
          </label>
        )}
        <p class="wrong" role="alert">{wrong}</p>
        {taken ? (
          <button type="button" class="primary" onClick={onClose}>{t("frame.close")}</button>
        ) : (
          <button type="button" class="primary" aria-disabled={!file?.cards.length || step !== null} onClick={take}>{t("contacts.take")}</button>
        )}
      </div>
    </Dialog>
  );
}
