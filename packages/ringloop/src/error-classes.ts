// Errors of these packages keep their class between threads, as those of core and threadsafe do.
import { ExecutorFullError } from '@ringloop/executor';
import {
  IncompleteReadError,
  LimitOverrunError,
  NativeCallsError,
  ResolutionError,
  SendfileNotAvailableError,
  ServerStateError,
  SslError,
  TransportStateError,
} from '@ringloop/net';
import { registerErrorClass } from '@ringloop/threadsafe';

for (const errorClass of [
  ExecutorFullError,
  IncompleteReadError,
  LimitOverrunError,
  NativeCallsError,
  ResolutionError,
  SendfileNotAvailableError,
  ServerStateError,
  SslError,
  TransportStateError,
]) {
  registerErrorClass(errorClass);
}
