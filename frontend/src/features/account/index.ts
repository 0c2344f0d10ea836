// The account's own corner: who is signed in, light or dark, signing out.
import type { Feature } from "../feature";
import { signOut } from "../../state/session";
import { AccountMenu } from "./AccountMenu";

export const account: Feature = {
  name: "account",
  commands: [{ id: "account.sign-out", icon: "leave", run: signOut }],
  slots: { "top.end": [AccountMenu] },
};
