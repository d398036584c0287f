"""What a worker stored in English is read in the reader's language."""

import pytest
from django.utils import translation

from monitor.wording.retold import as_stored, retold

pytestmark = pytest.mark.unit


def in_french(text: str) -> str:
    with translation.override("fr"):
        return retold(text)


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("Queued.", "En file d’attente."),
        ("The hub has fetched from the store again.",
         "Le hub a de nouveau récupéré les commandes de la boutique."),
        ("9 of 12 waiting orders have arrived.", "9 des 12 commandes en attente sont arrivées."),
        ("Sendcloud took 1 order.", "Sendcloud a accepté 1 commande."),
        ("Sendcloud took 3 orders.", "Sendcloud a accepté 3 commandes."),
        ("The WordPress plug-in Wordfence refused the request.",
         "L’extension WordPress Wordfence a refusé la requête."),
        ("A firewall rule of a plug-in of the shop refused the request.",
         "Une règle de pare-feu (une extension de la boutique) a refusé la requête."),
        ("shop.example answered 200 with nothing in it. Check the certificate's chain.",
         "shop.example a répondu 200 sans contenu. Vérifiez la chaîne du certificat."),
    ],
)  # fmt: skip
def test_a_stored_sentence_is_told_again_with_its_figures(stored: str, told: str) -> None:
    assert in_french(stored) == told


@pytest.mark.parametrize("words", ["", "nginx", "KeyError: 'orders'", "Sorry, this shop is moving house."])
def test_what_a_remote_said_itself_is_left_as_it_is(words: str) -> None:
    assert in_french(words) == words


def test_english_is_not_touched() -> None:
    with translation.override("en"):
        assert retold("Queued.") == "Queued."


def test_sentences_are_made_in_english_whoever_asks() -> None:
    with translation.override("fr"), as_stored():
        assert translation.gettext("Nothing moved within ten minutes.") == "Nothing moved within ten minutes."
