import { forgetBorrower } from '../control/exposed-objects.js';
import { allBlockedThreads } from '../calls/blocking.js';
import { onOwnEnd, onThreadExit } from '../exits/thread-exits.js';
import { abandonOwnInboxes, leaveOwnInboxes } from '../inbox/own-inboxes.js';
import { forgetReplier, readReplies } from '../calls/reply-inbox.js';
import { closeInboxWriters, ownerEnded } from '../calls/inbox-writers.js';
import { closeTransferPort } from '../out-of-band/transfer-port.js';
import { pendingCalls } from '../calls/pending-calls.js';

// What this thread does when it learns that another one has ended: nothing that loop still owes will come, nothing is sent to it
// any more, and the lanes it had here are read to their end.
onThreadExit((threadId) => {
  const producer = threadId + 1;
  readReplies(); // an answer that was given counts
  for (const { inboxId, reason } of ownerEnded(producer)) pendingCalls.rejectAll(inboxId, reason);
  leaveOwnInboxes(producer);
  forgetReplier(producer);
  allBlockedThreads().forget(producer);
  forgetBorrower(producer);
  closeTransferPort(producer);
});

// A plain worker ends: its lanes will be taken from it, so it must not write there any more.
onOwnEnd(() => {
  closeInboxWriters();
  abandonOwnInboxes();
});
