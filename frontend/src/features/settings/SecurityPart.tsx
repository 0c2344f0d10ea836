// Account and security.
import { AppPasswordSection } from "./AppPasswordSection";
import { BrowserSection } from "./BrowserSection";
import { CodesSection } from "./CodesSection";
import { GrantSection } from "./GrantSection";
import { HistorySection } from "./HistorySection";
import { PasskeySection } from "./PasskeySection";
import { PasswordSection } from "./PasswordSection";

export function SecurityPart() {
  return (
    <>
      <PasswordSection />
      <PasskeySection />
      <CodesSection />
      <BrowserSection />
      <AppPasswordSection />
      <GrantSection />
      <HistorySection />
    </>
  );
}
