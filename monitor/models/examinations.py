"""Who lets a hub pass, as examined: the newest matrix of each store, and what changed in it."""

from django.db import models

from integrations.models import Store


class StoreExamination(models.Model):
    """The newest examination of a store's access; one row each."""

    store = models.OneToOneField(Store, models.CASCADE, primary_key=True, related_name="examination")
    at = models.DateTimeField()
    document = models.JSONField()
    """An :class:`integrations.access.records.Examination`, without what has its default."""
    diagnoses = models.JSONField(default=list)
    """List of :class:`integrations.access.records.Diagnosis`, root cause first."""
    severity = models.CharField(max_length=10, blank=True)
    """Of the worst diagnosis; empty: nothing is wrong."""
    fingerprint = models.CharField(max_length=120, blank=True)
    """Of the first diagnosis that is more than worth knowing: stores that suffer from the same share it."""
    since = models.DateTimeField()
    """Since when the fingerprint is what it is."""

    class Meta:
        indexes = [
            models.Index(
                fields=["fingerprint"], name="examination_alike", condition=~models.Q(fingerprint="")
            )
        ]


class CellChange(models.Model):
    """A cell of the matrix that was answered otherwise than the time before."""

    store = models.ForeignKey(Store, models.CASCADE, related_name="cell_changes")
    at = models.DateTimeField()
    method = models.CharField(max_length=10)
    agent = models.CharField(max_length=200)
    before = models.CharField(max_length=20)
    """An :class:`integrations.contracts.Outcome`."""
    after = models.CharField(max_length=20)
    status = models.PositiveIntegerField(null=True)
    """Of the answer after the change; null: there was none."""
    by = models.CharField(max_length=60, blank=True)

    class Meta:
        indexes = [models.Index(fields=["store", "-at"], name="cell_change_newest")]
