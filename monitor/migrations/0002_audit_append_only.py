"""The audit is append-only, in the database itself.

A row may never change or go; only its link to a person who is deleted becomes empty (``actor``
keeps the name).
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION monitor_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL
       AND (to_jsonb(NEW) - 'user_id') = (to_jsonb(OLD) - 'user_id') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The audit is append-only: % refused.', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON monitor_audit
    FOR EACH ROW EXECUTE FUNCTION monitor_audit_append_only();
"""

UNGUARD = """
DROP TRIGGER audit_append_only ON monitor_audit;
DROP FUNCTION monitor_audit_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("monitor", "0001_initial")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
