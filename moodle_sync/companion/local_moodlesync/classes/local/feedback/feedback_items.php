<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * The items of feedbacks.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\feedback;

use local_moodlesync\local\failure;
use local_moodlesync\local\item;
use local_moodlesync\local\keymap;
use local_moodlesync\local\scope;
use local_moodlesync\local\values;

/**
 * Reads the items of feedbacks in bulk, and writes the whole list of one, each item keeping its id by key.
 *
 * Answers point at items, and at options by their number: once there are answers, only the wording of a question may change.
 */
final class feedback_items {
    /**
     * Constructor.
     *
     * @param scope $scope the course
     */
    public function __construct(
        /** @var scope the course. */
        private readonly scope $scope,
    ) {
    }

    /**
     * Whether anybody answered a feedback, or began to.
     *
     * @param int $feedbackid the feedback
     * @return bool
     */
    public static function answered(int $feedbackid): bool {
        global $DB;
        return $DB->record_exists('feedback_completed', ['feedback' => $feedbackid])
            || $DB->record_exists('feedback_completedtmp', ['feedback' => $feedbackid]);
    }

    /**
     * The items of feedbacks, in their order.
     *
     * @param \stdClass[] $cms course modules
     * @return array feedback id => list of items
     */
    public function states(array $cms): array {
        global $DB;
        $activities = array_map($this->scope->key(...), array_column($cms, 'idnumber', 'instance'));
        $keys = $this->scope->keys->keys(keymap::ITEM);
        $items = [];
        foreach ($DB->get_records_list('feedback_item', 'feedback', array_keys($activities), 'feedback, position, id') as $row) {
            $items[$row->feedback][] = feedback_item::state($row, self::own_key($keys, (int)$row->id, $activities[$row->feedback]));
        }
        return $items;
    }

    /**
     * Writes the list of an item of the request.
     *
     * @param \stdClass $cm course module
     * @param item $item the item, which has a list
     */
    public function write(\stdClass $cm, item $item): void {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/mod/feedback/lib.php');
        $wanted = $item->fields['items'];
        $current = $this->states([$cm])[$cm->instance] ?? [];
        if (self::answered((int)$cm->instance) && !values::same(self::bare($wanted), self::bare($current))) {
            throw new failure('feedbackused', $item->at('items'), $item->key);
        }
        $rows = $DB->get_records('feedback_item', ['feedback' => $cm->instance], 'position, id');
        $ids = $this->ids($wanted, $rows, array_column($current, null, 'key'), $item);
        foreach (array_diff(array_keys($rows), array_filter($ids)) as $id) {
            feedback_delete_item($id, false);
        }
        foreach ($wanted as $i => $one) {
            $ids[$i] = self::save($one, $rows[$ids[$i] ?? 0] ?? null, (int)$cm->instance, $i + 1);
        }
        $this->remember_keys($item->key, array_combine(array_column($wanted, 'key'), $ids));
    }

    /**
     * A list without the wording of its questions.
     *
     * @param array[] $items items
     * @return array[]
     */
    private static function bare(array $items): array {
        return array_map(fn($one) => array_diff_key($one, ['question' => 1]), $items);
    }

    /**
     * The last part of the key of an item, or "?<id>".
     *
     * @param string[] $keys "<activity>/<key>" by id
     * @param int $id of the item
     * @param string $activity key of the activity
     * @return string
     */
    private static function own_key(array $keys, int $id, string $activity): string {
        $key = $keys[$id] ?? '';
        return str_starts_with($key, "$activity/") ? substr($key, strlen($activity) + 1) : "?$id";
    }

    /**
     * Which of the items that are there each wanted one is.
     *
     * @param array[] $wanted the new list
     * @param \stdClass[] $rows rows of feedback_item, by id
     * @param array[] $current the old list, by key
     * @param item $item the item
     * @return array ids, null for new ones, in the order of the new list
     */
    private function ids(array $wanted, array $rows, array $current, item $item): array {
        $known = $this->scope->keys->ids(keymap::ITEM);
        $ids = [];
        foreach ($wanted as $i => $one) {
            $path = $item->at("items[$i]");
            $foreign = $one['key'][0] === '?';
            $id = $foreign ? (int)substr($one['key'], 1) : $known["$item->key/{$one['key']}"] ?? 0;
            $id = isset($rows[$id]) ? $id : null;
            if ($foreign && ($id === null || !isset($current[$one['key']]))) {
                throw new failure('nosuchkey', "$path.key", (object)['kind' => keymap::ITEM, 'key' => $one['key']]);
            }
            if ($one['type'] === feedback_item::OTHER && !values::same($one, $current[$one['key']] ?? null)) {
                throw failure::payload("$path.type", 'is "other": such an item can be kept as it was read, and nothing else');
            }
            $ids[$i] = $id;
        }
        return $ids;
    }

    /**
     * Writes an item, when there is anything to write.
     *
     * @param array $one validated item
     * @param \stdClass|null $row as it is, null for a new one
     * @param int $feedbackid the feedback
     * @param int $position where it stands
     * @return int its id
     */
    private static function save(array $one, ?\stdClass $row, int $feedbackid, int $position): int {
        global $DB;
        $columns = ['position' => $position] + ($one['type'] === feedback_item::OTHER ? [] : feedback_item::columns($one, $row));
        if (!$row) {
            $rest = ['feedback' => $feedbackid, 'template' => 0, 'label' => '', 'dependitem' => 0, 'dependvalue' => ''];
            return (int)$DB->insert_record('feedback_item', $columns + $rest);
        }
        $changes = array_filter($columns, fn($value, $column) => (string)$value !== (string)$row->$column, ARRAY_FILTER_USE_BOTH);
        if ($changes) {
            $DB->update_record('feedback_item', ['id' => $row->id] + $changes);
        }
        return (int)$row->id;
    }

    /**
     * Writes the key map: what is no longer in the list loses its key, what has none stays without.
     *
     * @param string $activity key of the activity
     * @param int[] $ids by key
     */
    private function remember_keys(string $activity, array $ids): void {
        foreach (array_keys($this->scope->keys->ids(keymap::ITEM)) as $key) {
            if (str_starts_with($key, "$activity/") && !isset($ids[substr($key, strlen($activity) + 1)])) {
                $this->scope->keys->drop(keymap::ITEM, $key);
            }
        }
        foreach ($ids as $key => $id) {
            $key = (string)$key; // PHP makes numbers of keys that look like some.
            if ($key[0] !== '?') {
                $this->scope->keys->set(keymap::ITEM, "$activity/$key", $id);
            }
        }
    }
}
