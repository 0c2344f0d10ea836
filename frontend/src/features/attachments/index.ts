// Attachments are looked at without being downloaded.
import "./attachments.css";
import type { Feature } from "../feature";
import { PreviewButton } from "./PreviewButton";
import { PreviewDialog } from "./PreviewDialog";

export const attachments: Feature = { name: "attachments", slots: { "attachment.actions": [PreviewButton], overlay: [PreviewDialog] } };
