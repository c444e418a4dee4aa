"""The three WebSocket paths of an exchange."""

from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.connections import Connections
from okx_simulator.websocket.channels import PATHS
from okx_simulator.websocket.session import Session


def websocket_routes(exchange: Exchange) -> list[WebSocketRoute]:
    """Routes of /ws/v5/public, business and private; a query such as brokerId is ignored."""
    connections = Connections()

    async def serve(websocket: WebSocket) -> None:
        address = websocket.client.host if websocket.client else "local"
        if exchange.limiter.enabled and not connections.admit(address):
            await websocket.send_denial_response(Response("Too many connections", 429))
            return
        await websocket.accept()
        path = websocket.url.path.rpartition("/")[2]
        await Session(exchange, websocket, path, connections).run()

    return [WebSocketRoute(f"/ws/v5/{path}", serve) for path in PATHS]
