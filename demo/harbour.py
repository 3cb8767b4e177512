"""The demo's application: says what lies in the harbour."""

import sys

sys.path.insert(0, "/opt/harbour/lib")

import click


@click.command()
def main() -> None:
    """Print the harbour's book."""
    click.echo("In harbour: one ship, with a clean bill of health.")


if __name__ == "__main__":
    main()
