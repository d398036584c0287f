"""Accounts of people: signing in, second factors, sessions, invitations, who has which role.

The mechanics are django-allauth's; here is what Syncwatch decides about them.
"""
