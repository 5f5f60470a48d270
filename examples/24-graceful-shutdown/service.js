var __addDisposableResource =
  (this && this.__addDisposableResource) ||
  function (env, value, async) {
    if (value !== null && value !== void 0) {
      if (typeof value !== 'object' && typeof value !== 'function') throw new TypeError('Object expected.');
      var dispose, inner;
      if (async) {
        if (!Symbol.asyncDispose) throw new TypeError('Symbol.asyncDispose is not defined.');
        dispose = value[Symbol.asyncDispose];
      }
      if (dispose === void 0) {
        if (!Symbol.dispose) throw new TypeError('Symbol.dispose is not defined.');
        dispose = value[Symbol.dispose];
        if (async) inner = dispose;
      }
      if (typeof dispose !== 'function') throw new TypeError('Object not disposable.');
      if (inner)
        dispose = function () {
          try {
            inner.call(this);
          } catch (e) {
            return Promise.reject(e);
          }
        };
      env.stack.push({ value: value, dispose: dispose, async: async });
    } else if (async) {
      env.stack.push({ async: true });
    }
    return value;
  };
var __disposeResources =
  (this && this.__disposeResources) ||
  (function (SuppressedError) {
    return function (env) {
      function fail(e) {
        env.error = env.hasError
          ? new SuppressedError(e, env.error, 'An error was suppressed during disposal.')
          : e;
        env.hasError = true;
      }
      var r,
        s = 0;
      function next() {
        while ((r = env.stack.pop())) {
          try {
            if (!r.async && s === 1) return ((s = 0), env.stack.push(r), Promise.resolve().then(next));
            if (r.dispose) {
              var result = r.dispose.call(r.value);
              if (r.async)
                return (
                  (s |= 2),
                  Promise.resolve(result).then(next, function (e) {
                    fail(e);
                    return next();
                  })
                );
            } else s |= 1;
          } catch (e) {
            fail(e);
          }
        }
        if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
        if (env.hasError) throw env.error;
      }
      return next();
    };
  })(
    typeof SuppressedError === 'function'
      ? SuppressedError
      : function (error, suppressed, message) {
          var e = new Error(message);
          return ((e.name = 'SuppressedError'), (e.error = error), (e.suppressed = suppressed), e);
        },
  );
import { getRunningLoop, LoopGroup, serveHttp } from 'ringloop';
import { activity, makeApp } from './app.js';
/** Serves in `loops` loops until SIGTERM or Ctrl-C, then finishes what has begun. @param ready is told the port */
export async function serve(loops, ready) {
  const env_1 = { stack: [], error: void 0, hasError: false };
  try {
    const loop = getRunningLoop();
    const group = __addDisposableResource(env_1, await LoopGroup.spawn({ loops, name: 'web' }), true);
    const service = __addDisposableResource(
      env_1,
      await serveHttp(group, makeApp, { host: '127.0.0.1', port: 0 }),
      true,
    );
    const asked = loop.createFuture();
    const onSignal = (signal) => {
      if (!asked.done()) asked.setResult(signal);
      else void service.close({ timeout: 0 }); // the second time: do not wait for anybody
    };
    for (const signal of ['SIGINT', 'SIGTERM']) loop.addSignalHandler(signal, onSignal, signal);
    ready(service.port);
    const signal = await asked;
    await service.close({ timeout: 10 }); // accepts no more, and sends all answers that have begun
    const done = await Promise.all(group.loops.map((ref) => ref.runCoroutineThreadsafe(activity)));
    return {
      signal,
      requests: done.reduce((sum, { requests }) => sum + requests, 0),
      reloads: done.reduce((sum, { reloads }) => sum + reloads, 0),
    };
  } catch (e_1) {
    env_1.error = e_1;
    env_1.hasError = true;
  } finally {
    const result_1 = __disposeResources(env_1);
    if (result_1) await result_1;
  }
}
//# sourceMappingURL=service.js.map
