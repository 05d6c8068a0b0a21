/** The least that answers a ping: what the product's round trips are compared with. */
Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log(port) }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => {
    const { timestamp } = JSON.parse(data);
    socket.send(JSON.stringify({ type: "pong", timestamp, server_time: new Date().toISOString() }));
  };
  return response;
});
