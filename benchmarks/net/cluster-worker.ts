/** One process of the cluster; the primary hands it the connections. */
import { createServer } from 'node:http';
import { answerHttp } from './http-answers.js';
import { BACKLOG } from './listening.js';

createServer(answerHttp).listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG });
process.on('disconnect', () => process.exit()); // the primary has ended
