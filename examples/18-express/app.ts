import express, { type Express } from 'express';
import { getRunningLoop, remote } from 'ringloop';

/** Makes the application of one loop. */
export const makeApp = remote(import.meta.url, function makeApp(): Express {
  const app = express();
  app.get('/hello/:name', (request, response) => {
    response.send(`Hello ${request.params.name}, from ${getRunningLoop().name}`);
  });
  return app;
});
