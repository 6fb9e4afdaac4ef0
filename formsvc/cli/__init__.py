"""The command line: every verb of formsvc for people and scripts."""

import click

from formsvc.cli import admin, bulk, listing, papers, replay, serving, summary, template
from formsvc.cli.shell import Commands

__all__ = ["main"]


@click.group(cls=Commands)
@click.version_option(package_name="formsvc")
def main() -> None:
    """检查人才项目申报表，填写正式表格。"""


for command in (
    listing.forms, papers.check, papers.fill, papers.blank, papers.read, papers.verify,
    papers.fonts, bulk.bulk, replay.replay, summary.summary, template.template, serving.serve,
    admin.admin,
):  # fmt: skip
    main.add_command(command)
