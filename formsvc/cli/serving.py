"""The pages and the HTTP interface."""

import sys
from dataclasses import replace

import click

from formsvc import config


@click.command()
@click.option("--host", help="监听的地址。")
@click.option("--port", type=click.IntRange(1, 65535), help="监听的端口。")
@click.option("--workers", type=click.IntRange(1, 64), help="用几个进程，默认 1 个。")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """启动网页和 HTTP 接口。"""
    from formsvc.web import server  # noqa: PLC0415  # checking a file should not load a web server

    settings = config.from_environment()
    settings = replace(
        settings,
        host=host or settings.host,
        port=port or settings.port,
        workers=workers or settings.workers,
    )
    sys.exit(server.run(settings))
