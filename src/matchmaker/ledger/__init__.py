"""The ledger: cases, referrals and judgements, in one SQLite file or in PostgreSQL.

Importing this loads SQLAlchemy; whoever only matches must not.
"""
