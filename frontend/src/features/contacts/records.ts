// JSContact cards and address books, as far as they are shown and edited here; what else a card holds is kept. RFC 9553, RFC 9610.
import type { Id } from "../../jmap/records";

type Map1<T> = Record<string, T>;

export interface Component {
  kind: string;
  value: string;
}

export interface Said {
  contexts?: Map1<true>;
  features?: Map1<true>;
  label?: string;
  pref?: number;
}

export interface PartialDate {
  year?: number;
  month?: number;
  day?: number;
  "@type"?: string;
  utc?: string;
}

export interface Card {
  id: Id;
  uid: string;
  addressBookIds: Record<Id, true>;
  kind?: string;
  members?: Map1<true>;
  name?: { full?: string; components?: Component[] };
  nicknames?: Map1<{ name: string }>;
  organizations?: Map1<{ name?: string; units?: { name: string }[] }>;
  titles?: Map1<{ name: string; kind?: string }>;
  emails?: Map1<Said & { address: string }>;
  phones?: Map1<Said & { number: string }>;
  addresses?: Map1<Said & { full?: string; components?: Component[] }>;
  links?: Map1<Said & { uri: string }>;
  anniversaries?: Map1<{ kind: string; date: PartialDate }>;
  notes?: Map1<{ note: string }>;
  keywords?: Map1<true>;
  media?: Map1<{ kind: string; uri?: string; blobId?: Id; mediaType?: string }>;
}

export interface AddressBook {
  id: Id;
  name: string;
  isDefault: boolean;
  sortOrder: number;
}

export interface ParsedFile {
  format: string;
  cards: Omit<Card, "id" | "addressBookIds">[];
  complaints: string[];
}

export const FORMATS = ["vcard", "vcard3", "xcard", "csv", "csv-outlook"] as const;
export type Format = (typeof FORMATS)[number];

/** What a row and the search need; the rest comes when a card is opened. */
export const ROW = ["id", "uid", "kind", "members", "addressBookIds", "name", "nicknames", "organizations", "emails", "phones", "keywords"] as const;

declare module "../../jmap/methods" {
  interface Methods {
    "AddressBook/get": Method<GetArguments, GetAnswer<AddressBook>>;
    "AddressBook/set": Method<SetArguments & { onDestroyRemoveContents?: boolean }, SetAnswer>;
    "ContactCard/get": Method<GetArguments, GetAnswer<Card>>;
    "ContactCard/changes": Method<ChangesArguments, ChangesAnswer>;
    "ContactCard/query": Method<QueryArguments, QueryAnswer>;
    "ContactCard/set": Method<SetArguments, SetAnswer>;
    "ContactCard/parse": Method<{ blobIds: Id[] }, { parsed: Record<Id, ParsedFile> | null; notParsable: Record<Id, { description: string }> | null }>;
    "ContactCard/serialize": Method<
      { format: Format; ids?: Id[] | null; addressBookId?: Id | null },
      { blobId: Id; type: string; extension: string; cards: number; leftOut: number }
    >;
  }
}
