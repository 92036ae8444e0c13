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
 * A rubric as it is going to be, in the shape that Moodle's controller takes.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * One rubric on its way into Moodle.
 */
final class rubric_draft {
    /** @var \grading_manager of the assignment's submissions. */
    private readonly \grading_manager $manager;

    /** @var \gradingform_rubric_controller Moodle's own. */
    private \gradingform_rubric_controller $controller;

    /** @var \stdClass|false the definition as it is, false when there is none. */
    private readonly \stdClass|false $current;

    /** @var array keys of the criteria ("<activity>/<criterion>"), by what stands for their id in the new definition. */
    private array $criteria = [];

    /** @var array of the levels the same, by criterion. */
    private array $levels = [];

    /**
     * Constructor.
     *
     * @param scope $scope the course
     * @param \context_module $context of the assignment
     * @param item $item the item
     */
    public function __construct(
        /** @var scope the course. */
        private readonly scope $scope,
        \context_module $context,
        /** @var item the item. */
        private readonly item $item,
    ) {
        global $CFG;
        require_once($CFG->dirroot . '/grade/grading/lib.php');
        $this->manager = get_grading_manager($context, 'mod_assign', 'submissions');
        $this->controller = $this->manager->get_controller('rubric');
        $this->current = $this->controller->get_definition(true) ?: false;
    }

    /**
     * Whether there is a rubric already.
     *
     * @return bool
     */
    public function exists(): bool {
        return $this->current !== false;
    }

    /**
     * The id of the rubric that is there.
     *
     * @return int
     */
    public function id(): int {
        return (int)$this->current->id;
    }

    /**
     * Moodle's own word on how much changes, 0 (nothing) to 5.
     *
     * @return int
     */
    public function change_level(): int {
        return $this->controller->update_or_check_rubric($this->definition(), null, false);
    }

    /**
     * Writes the rubric when something changes, makes it the active method, and remembers the keys.
     *
     * @param int $level what change_level() said
     * @return bool whether anything was written
     */
    public function save(int $level): bool {
        if ($level > 0) {
            $this->controller->update_definition($this->definition());
        }
        $activated = $this->manager->get_active_method() !== 'rubric';
        if ($activated) {
            $this->manager->set_active_method('rubric');
        }
        if (isset($this->item->fields['criteria'])) {
            $this->remember_keys();
        }
        return $level > 0 || $activated;
    }

    /**
     * The new definition, as the rubric editor would send it. What the item does not say stays.
     *
     * @return \stdClass
     */
    private function definition(): \stdClass {
        $fields = $this->item->fields;
        if (!$this->current && !isset($fields['name'], $fields['criteria'])) {
            $missing = isset($fields['name']) ? 'criteria' : 'name';
            throw failure::payload($this->item->at($missing), 'is missing, and a new rubric needs it');
        }
        $format = isset($fields['description']) || !$this->current ? FORMAT_HTML : $this->current->descriptionformat;
        return (object)[
            'name' => $fields['name'] ?? $this->current->name,
            'status' => \gradingform_controller::DEFINITION_STATUS_READY,
            // Without a draft area the text is stored as it is, and files in it stay.
            'description_editor' => [
                'text' => $fields['description'] ?? ($this->current->description ?? ''),
                'format' => $format,
                'itemid' => 0,
            ],
            'rubric' => [
                'criteria' => isset($fields['criteria']) ? $this->new_criteria() : $this->current->rubric_criteria,
                'options' => $this->controller->get_options(),
            ],
        ];
    }

    /**
     * The list of criteria with Moodle's ids where there are any, NEWID1, NEWID2, … where there are none.
     *
     * @return array
     */
    private function new_criteria(): array {
        $this->criteria = $this->levels = $result = [];
        $current = $this->current->rubric_criteria ?? [];
        foreach ($this->item->fields['criteria'] as $i => $criterion) {
            $path = $this->item->at("criteria[$i]");
            $key = "{$this->item->key}/{$criterion['key']}";
            $id = $this->id_of(keymap::CRITERION, $criterion['key'], $key, $current, "$path.key")
                ?? 'NEWID' . (count($this->criteria) + 1);
            $this->criteria[$id] = $key;
            $levels = [];
            foreach ($criterion['levels'] as $j => $level) {
                $levelkey = "$key/{$level['key']}";
                $known = $current[$id]['levels'] ?? [];
                $levelid = $this->id_of(keymap::LEVEL, $level['key'], $levelkey, $known, "$path.levels[$j].key")
                    ?? 'NEWID' . (count($levels) + 1);
                $this->levels[$id][$levelid] = $levelkey;
                $levels[$levelid] = ['score' => $level['score'], 'definition' => $level['definition']];
            }
            $result[$id] = ['sortorder' => $i + 1, 'description' => $criterion['description'], 'levels' => $levels];
        }
        return $result;
    }

    /**
     * The id of a criterion or level that is there.
     *
     * @param string $kind kind in the key map
     * @param string $name as sent: a key, or "?<id>"
     * @param string $key in the key map
     * @param array $known what is there, by id
     * @param string $path of the key in the request
     * @return int|null null when it is new
     */
    private function id_of(string $kind, string $name, string $key, array $known, string $path): ?int {
        if ($name[0] === '?') {
            $id = (int)substr($name, 1);
            if (!isset($known[$id])) {
                throw new failure('nosuchkey', $path, (object)['kind' => $kind, 'key' => $name]);
            }
            return $id;
        }
        // An id of another rubric would be overwritten by Moodle without a word: it must be one of this rubric's.
        $id = $this->scope->keys->id($kind, $key);
        return $id && isset($known[$id]) ? $id : null;
    }

    /**
     * Writes the key map: new rows got their ids in the order in which they were sent.
     */
    private function remember_keys(): void {
        $saved = $this->controller->get_definition(true)->rubric_criteria;
        $old = $this->current->rubric_criteria ?? [];
        $kept = [keymap::CRITERION => [], keymap::LEVEL => []];
        foreach (self::resolve($this->criteria, $saved, $old) as $placeholder => $id) {
            $kept[keymap::CRITERION][$this->criteria[$placeholder]] = $id;
            $levels = $this->levels[$placeholder];
            foreach (self::resolve($levels, $saved[$id]['levels'], $old[$id]['levels'] ?? []) as $name => $levelid) {
                $kept[keymap::LEVEL][$levels[$name]] = $levelid;
            }
        }
        foreach ($kept as $kind => $ids) {
            foreach ($this->scope->keys->ids($kind) as $key => $id) {
                if (str_starts_with($key, "{$this->item->key}/") && !isset($ids[$key])) {
                    $this->scope->keys->drop($kind, $key);
                }
            }
            foreach ($ids as $key => $id) {
                if (!preg_match('~/\?\d+\z~', $key)) { // What has no key stays without.
                    $this->scope->keys->set($kind, $key, $id);
                }
            }
        }
    }

    /**
     * The ids behind NEWID1, NEWID2, …
     *
     * @param array $sent what was sent, by id or NEWID
     * @param array $saved what is there now, by id
     * @param array $old what was there before, by id
     * @return int[] by what was sent
     */
    private static function resolve(array $sent, array $saved, array $old): array {
        $new = array_keys(array_diff_key($saved, $old));
        sort($new, SORT_NUMERIC);
        $ids = [];
        foreach (array_keys($sent) as $name) {
            $ids[$name] = is_int($name) ? $name : array_shift($new);
        }
        return $ids;
    }
}
