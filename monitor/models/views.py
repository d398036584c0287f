"""Views of the table of integrations that people keep."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SavedView(models.Model):
    """A search, filters and an order of the table, by a name."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    """Whose it is; nobody else sees it unless it is shared."""
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=500, blank=True)
    """What stands behind the question mark of the table's address, in its own order."""
    is_shared = models.BooleanField(_("for everybody"), default=False)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="saved_view_once_per_person")]
        permissions = [("share_savedview", "Can share views of the table with everybody")]

    def __str__(self) -> str:
        return self.name
