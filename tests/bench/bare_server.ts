/** The least that answers a request: what the product's start and its idle memory are compared with. */
Deno.serve(
  {
    port: 0,
    hostname: "127.0.0.1",
    onListen: ({ port }) => console.log(`listening on http://127.0.0.1:${port}`),
  },
  () => new Response("ok"),
);
