"""The pages and the HTTP interface."""

import click

from formsvc import config
from formsvc.cli.shell import catalogue


@click.command()
@click.option("--host", help="监听的地址。")
@click.option("--port", type=click.IntRange(1, 65535), help="监听的端口。")
def serve(host: str | None, port: int | None) -> None:
    """启动网页和 HTTP 接口。"""
    from formsvc.web import server  # noqa: PLC0415  # checking a file should not load a web server

    catalogue()
    server.run(config.from_environment(), host, port)
