// Address books: made, renamed, and removed when there is nothing in them.
import { useState } from "preact/hooks";
import { number, t } from "../../i18n/words";
import { Dialog } from "../../views/Dialog";
import { Icon } from "../../views/Icon";
import { books, ordered } from "./book";
import { deleteBook, makeBook, renameBook } from "./changing";

export function BooksDialog({ onClose }: { onClose: () => void }) {
  const [wrong, setWrong] = useState("");
  const attempt = async (work: () => Promise<void>) => {
    setWrong("");
    await work().catch((error: unknown) => setWrong(error instanceof Error ? error.message : String(error)));
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = String(new FormData(form).get("name")).trim();
    if (name) void attempt(async () => makeBook(name).then(() => form.reset()));
  };
  return (
    <Dialog title={t("contacts.books")} onClose={onClose} narrow>
      <ul class="contact-books">
        {books.value.map((one) => {
          const count = ordered.value.filter((card) => one.id in card.addressBookIds).length;
          return (
            <li key={one.id}>
              <input class="field" aria-label={t("contacts.book-name")} defaultValue={one.name} maxLength={255} onChange={(event) => void attempt(() => renameBook(one.id, event.currentTarget.value.trim()))} />
              <span class="total">{number(count)}</span>
              <button type="button" class="quiet" disabled={count > 0 || one.isDefault} aria-label={t("contacts.delete-book", { name: one.name })} title={t("contacts.delete-book", { name: one.name })} onClick={() => void attempt(() => deleteBook(one.id))}>
                <Icon name="trash" />
              </button>
            </li>
          );
        })}
      </ul>
      <form class="ask" onSubmit={submit}>
        <input class="field" name="name" required maxLength={255} aria-label={t("contacts.new-book")} placeholder={t("contacts.new-book")} />
        <p class="wrong" role="alert">{wrong}</p>
        <button type="submit" class="primary">{t("contacts.make-book")}</button>
      </form>
    </Dialog>
  );
}
