import { forgetBorrower } from '../control/exposed-objects.js';
import { allBlockedThreads } from '../calls/blocking.js';
import { onOwnEnd, onThreadExit } from '../exits/thread-exits.js';
import { abandonOwnInboxes, leaveOwnInboxes } from '../inbox/own-inboxes.js';
import { forgetReplier, readReplies } from '../calls/reply-inbox.js';
import { closeInboxWriters, ownerEnded } from '../calls/inbox-writers.js';
import { closeTransferPort } from '../out-of-band/transfer-port.js';
import { pendingCalls } from '../calls/pending-calls.js';

// What this thread does when it learns that another one has ended: it expects nothing more from that thread's loops,
// sends nothing more to them, and reads the thread's lanes here to their end.
onThreadExit((threadId) => {
  const producer = threadId + 1;
  readReplies(); // a reply that was sent counts
  for (const { inboxId, reason } of ownerEnded(producer)) pendingCalls.rejectAll(inboxId, reason);
  leaveOwnInboxes(producer);
  forgetReplier(producer);
  allBlockedThreads().forget(producer);
  forgetBorrower(producer);
  closeTransferPort(producer);
});

// A plain worker ends: its lanes will be taken from it, so it must not write into them any more.
onOwnEnd(() => {
  closeInboxWriters();
  abandonOwnInboxes();
});
