// The methods about one's own account: of the vendor's capability, for a browser in which one has signed in.
import type { Id } from "../../jmap/records";
import type { CreationOptions } from "../../state/passkeys";

export interface AppPassword {
  id: Id;
  label: string;
  scopes: string[];
  created: string;
  lastUsed: string | null;
}

export interface Browser {
  id: Id;
  agent: string;
  ip: string;
  credential: string;
  created: string;
  lastUsed: string;
  isCurrent: boolean;
}

export interface Grant {
  id: Id;
  label: string;
  scopes: string[];
  created: string;
  lastUsed: string | null;
}

export interface Passkey {
  id: Id;
  label: string;
  created: string;
  lastUsed: string | null;
  isBackedUp: boolean;
  suspectSince: string | null;
}

export interface Codes {
  id: Id;
  state: "off" | "unconfirmed" | "on";
  isForWebOnly: boolean;
}

export interface LoginRecord {
  id: Id;
  protocol: string;
  ip: string;
  method: string;
  label: string;
  isGood: boolean;
  times: number;
  last: string;
}

export interface Service {
  protocol: "imap" | "pop3" | "smtp";
  host: string;
  port: number;
  isTls: boolean;
}

export interface Identity {
  id: Id;
  name: string;
  email: string;
  replyTo: { name: string | null; email: string }[] | null;
  textSignature: string;
  htmlSignature: string;
  mayDelete: boolean;
}

export interface Quota {
  id: Id;
  resourceType: "octets" | "count";
  used: number;
  hardLimit: number;
}

declare module "../../jmap/methods" {
  interface Methods {
    "AppPassword/get": Method<GetArguments, GetAnswer<AppPassword>>;
    "AppPassword/set": Method<SetArguments, SetAnswer>;
    "BrowserSession/get": Method<GetArguments, GetAnswer<Browser>>;
    "BrowserSession/set": Method<SetArguments, SetAnswer>;
    "Grant/get": Method<GetArguments, GetAnswer<Grant>>;
    "Grant/set": Method<SetArguments, SetAnswer>;
    "Passkey/options": Method<object, { challenge: string; options: CreationOptions }>;
    "Passkey/get": Method<GetArguments, GetAnswer<Passkey>>;
    "Passkey/set": Method<SetArguments, SetAnswer>;
    "OneTimeCodes/get": Method<GetArguments, GetAnswer<Codes>>;
    "OneTimeCodes/set": Method<SetArguments, SetAnswer>;
    "Password/change": Method<{ password: string }, object>;
    "LoginHistory/get": Method<GetArguments & { "#ids"?: unknown }, GetAnswer<LoginRecord>>;
    "LoginHistory/query": Method<QueryArguments, QueryAnswer>;
    "MailPrograms/get": Method<object, { username: string; services: Service[] }>;
    "Identity/get": Method<GetArguments, GetAnswer<Identity>>;
    "Identity/set": Method<SetArguments, SetAnswer>;
    "Quota/get": Method<GetArguments, GetAnswer<Quota>>;
  }
}
