// The mock node: serves the node's interface with plausible figures, so that the pages can
// be worked on, tested and photographed without a node. `npm run dev` has it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:http';
import type { Plugin } from 'vite';
import { headers } from './headers.ts';
import { serve } from './routes.ts';
import { playTo } from './socket.ts';

type Next = () => void;
type Middleware = (req: IncomingMessage, res: ServerResponse, next: Next) => void;

export function mockNode(): Plugin {
  const attach = (use: (m: Middleware) => void, server: unknown, built: boolean): void => {
    use((req, res, next) => {
      if (built) headers(res, req.headers.host ?? ''); // Vite's own client in development needs inline styles
      if (!serve(req, res)) next();
    });
    playTo(server as Server);
  };
  return {
    name: 'mock-node',
    configureServer(vite) {
      attach((m) => vite.middlewares.use(m), vite.httpServer, false);
    },
    configurePreviewServer(vite) {
      attach((m) => vite.middlewares.use(m), vite.httpServer, true);
    },
  };
}
