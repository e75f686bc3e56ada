"""`python -m edge` is `chargehand-edge`."""

from edge.cli import main

if __name__ == "__main__":
    main()
