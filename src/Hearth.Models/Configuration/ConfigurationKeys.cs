namespace Hearth.Models;

/// <summary>
/// What files say beside what is read of them. A key is read, stands in one of these lists with the reason why it changes nothing here, or is refused by name
/// (<see cref="ConfigurationReader.RefuseOthers"/>, <see cref="GgufMetadataKeys"/>). A null says nothing and is the same as no key.
/// </summary>
internal static class ConfigurationKeys
{
    private const string OtherRuntime = "settings of another runtime";
    private const string Returned = "what transformers returns, not what the model is";
    private const string Provenance = "where the files came from, or what wrote them";
    private const string OldGeneration = "advice for generating in files of old; generation_config.json is read for that";
    private const string TrainingOnly = "training of the published model";
    private const string Fused = "which implementation transformers runs";
    private const string BesideTokenizer = "tokenizer.json says it, and is what is read";

    /// <summary>config.json of every family.</summary>
    public static readonly IReadOnlyDictionary<string, string> Model = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["_attn_implementation"] = Fused,
        ["_attn_implementation_autoset"] = Fused,
        ["_attn_implementation_internal"] = Fused,
        ["_flash_attn_2_enabled"] = Fused,
        ["_commit_hash"] = Provenance,
        ["_name_or_path"] = Provenance,
        ["attention_dropout"] = TrainingOnly + "; no dropout is used here",
        ["attn_implementation"] = Fused,
        ["chunk_size_feed_forward"] = "computes in parts without changing values",
        ["decoder_start_token_id"] = "of models with an encoder",
        ["do_sample"] = OldGeneration,
        ["dtype"] = "each tensor names its own type",
        ["early_stopping"] = OldGeneration,
        ["finetuning_task"] = Provenance,
        ["id2label"] = "names of classes; a language model has none",
        ["initializer_range"] = "initial weights only",
        ["is_decoder"] = "a switch between halves of a model with an encoder; the family here is a decoder",
        ["is_llama_config"] = "a mark of some exporters",
        ["label2id"] = "names of classes; a language model has none",
        ["length_penalty"] = OldGeneration,
        ["max_length"] = OldGeneration,
        ["min_length"] = OldGeneration,
        ["num_beam_groups"] = OldGeneration,
        ["num_beams"] = OldGeneration,
        ["num_return_sequences"] = OldGeneration,
        ["output_attentions"] = Returned,
        ["output_hidden_states"] = Returned,
        ["output_scores"] = Returned,
        ["pretraining_tp"] = "splits products without changing them",
        ["problem_type"] = "a loss for classes; a language model has none",
        ["repetition_penalty"] = OldGeneration,
        ["return_dict"] = Returned,
        ["return_dict_in_generate"] = Returned,
        ["temperature"] = OldGeneration,
        ["tf_legacy_loss"] = OtherRuntime,
        ["tie_encoder_decoder"] = "of models with an encoder",
        ["tokenizer_class"] = BesideTokenizer,
        ["top_k"] = OldGeneration,
        ["top_p"] = OldGeneration,
        ["torch_dtype"] = "each tensor names its own type",
        ["torchscript"] = OtherRuntime,
        ["transformers.js_config"] = OtherRuntime,
        ["transformers_version"] = Provenance,
        ["typical_p"] = OldGeneration,
        ["unsloth_fixed"] = Provenance,
        ["unsloth_version"] = Provenance,
        ["use_bfloat16"] = OtherRuntime,
        ["use_cache"] = "a switch of transformers; keys and values are always cached",
    };

    /// <summary>config.json of mixtures of experts.</summary>
    public static readonly IReadOnlyDictionary<string, string> Experts = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["output_router_logits"] = Returned,
        ["router_aux_loss_coef"] = TrainingOnly + "; adapters are trained without a loss on the routers' balance",
    };

    /// <summary>generation_config.json.</summary>
    public static readonly IReadOnlyDictionary<string, string> Generation = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["_from_model_config"] = Provenance,
        ["cache_config"] = OtherRuntime,
        ["cache_implementation"] = "how transformers keeps keys and values; it changes no token",
        ["compile_config"] = OtherRuntime,
        ["decoder_start_token_id"] = "of models with an encoder",
        ["disable_compile"] = OtherRuntime,
        ["early_stopping"] = "ends a beam search; num_beams must be 1",
        ["is_assistant"] = "a part that a model can play; requests choose speculation",
        ["length_penalty"] = "weighs results of a beam search; num_beams must be 1",
        ["low_memory"] = OtherRuntime,
        ["max_length"] = "a default length of answers; requests have their own",
        ["max_matching_ngram_size"] = "speculation that changes no token; requests choose it",
        ["max_new_tokens"] = "a default length of answers; requests have their own",
        ["max_time"] = "a default limit of time; requests have their own",
        ["num_assistant_tokens"] = "speculation that changes no token; requests choose it",
        ["num_assistant_tokens_schedule"] = "speculation that changes no token; requests choose it",
        ["num_return_sequences"] = "how many answers; requests have their own number",
        ["output_attentions"] = Returned,
        ["output_hidden_states"] = Returned,
        ["output_logits"] = Returned,
        ["output_scores"] = Returned,
        ["prefill_chunk_size"] = "computes in parts without changing values",
        ["prompt_lookup_num_tokens"] = "speculation that changes no token; requests choose it",
        ["return_dict_in_generate"] = Returned,
        ["return_legacy_cache"] = Returned,
        ["transformers_version"] = Provenance,
        ["trust_remote_code"] = "no code of a model is ever run",
        ["use_cache"] = "a switch of transformers; keys and values are always cached",
        ["assistant_confidence_threshold"] = "speculation that changes no token; requests choose it",
        ["assistant_early_exit"] = "speculation that changes no token; requests choose it",
        ["assistant_lookbehind"] = "speculation that changes no token; requests choose it",
        ["target_lookbehind"] = "speculation that changes no token; requests choose it",
    };

    /// <summary>adapter_config.json.</summary>
    public static readonly IReadOnlyDictionary<string, string> Adapter = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["auto_mapping"] = "which Python class to load",
        ["ensure_weight_tying"] = "only matters for modules_to_save of tied models, which are refused",
        ["inference_mode"] = "a state of PEFT, not of the adapter",
        ["megatron_core"] = "name of a Python module",
        ["peft_version"] = Provenance,
        ["qalora_group_size"] = "only matters with use_qalora, which is refused",
        ["revision"] = "revision of the base model on its hub",
        ["runtime_config"] = "a state of PEFT, not of the adapter",
    };

    /// <summary>Features that adapter_config.json can switch on and that are not supported: only null, false and empty values are taken.</summary>
    public static readonly IReadOnlyDictionary<string, string> AdapterFeatures = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["alora_invocation_tokens"] = "adapters that begin at a token",
        ["arrow_config"] = "routing among adapters",
        ["corda_config"] = "an initialisation that changes the base model",
        ["eva_config"] = "settings of an initialisation",
        ["fan_in_fan_out"] = "transposed weights",
        ["kasa_config"] = "another method",
        ["layer_replication"] = "repeated layers",
        ["loftq_config"] = "an initialisation that changes the base model",
        ["lora_ga_config"] = "an initialisation that changes the base model",
        ["megatron_config"] = "split layers",
        ["monteclora_config"] = "another method",
        ["use_bdlora"] = "another method",
        ["use_dora"] = "DoRA, which scales rows of the base weights: merge it with PEFT's merge_and_unload, or train plain LoRA",
        ["use_qalora"] = "another method",
        ["velora_config"] = "another method",
    };

    /// <summary>Objects below rope_scaling and rope_parameters.</summary>
    public static readonly IReadOnlyDictionary<string, string> Rope = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["finetuned"] = TrainingOnly,
    };

    /// <summary>tokenizer_config.json, beside the special tokens and chat templates that are read of it.</summary>
    public static readonly IReadOnlyDictionary<string, string> Tokenizer = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["_commit_hash"] = Provenance,
        ["add_bos_token"] = BesideTokenizer,
        ["add_eos_token"] = BesideTokenizer,
        ["add_prefix_space"] = BesideTokenizer,
        ["added_tokens_decoder"] = BesideTokenizer,
        ["additional_special_tokens"] = BesideTokenizer,
        ["auto_map"] = "no code of a model is ever run; tokenizer.json says all",
        ["backend"] = OtherRuntime,
        ["clean_up_tokenization_spaces"] = "a change to texts after they were decoded; answers here are what their tokens say",
        ["device_map"] = OtherRuntime,
        ["do_lower_case"] = BesideTokenizer,
        ["errors"] = "what Python does with broken UTF-8; streams here never have any",
        ["extra_ids"] = BesideTokenizer,
        ["extra_special_tokens"] = BesideTokenizer,
        ["from_slow"] = OtherRuntime,
        ["is_local"] = Provenance,
        ["legacy"] = BesideTokenizer,
        ["local_files_only"] = Provenance,
        ["max_length"] = "a cut of inputs; requests that are too long are refused",
        ["model_input_names"] = OtherRuntime,
        ["model_max_length"] = "the context is that of config.json",
        ["model_specific_special_tokens"] = BesideTokenizer,
        ["name_or_path"] = Provenance,
        ["never_split"] = BesideTokenizer,
        ["pad_to_multiple_of"] = "no padding is used here",
        ["pad_token_type_id"] = "no padding is used here",
        ["padding"] = "no padding is used here",
        ["padding_side"] = "no padding is used here",
        ["processor_class"] = OtherRuntime,
        ["return_token_type_ids"] = OtherRuntime,
        ["sp_model_kwargs"] = BesideTokenizer,
        ["spaces_between_special_tokens"] = "a change to texts after they were decoded; answers here are what their tokens say",
        ["special_tokens_map_file"] = Provenance,
        ["split_special_tokens"] = "whether texts may hold special tokens; requests and templates say so here",
        ["stride"] = "a cut of inputs; requests that are too long are refused",
        ["strip_accents"] = BesideTokenizer,
        ["tokenize_chinese_chars"] = BesideTokenizer,
        ["tokenizer_class"] = BesideTokenizer,
        ["tokenizer_file"] = Provenance,
        ["transformers_version"] = Provenance,
        ["trim_offsets"] = BesideTokenizer,
        ["truncation"] = "a cut of inputs; requests that are too long are refused",
        ["truncation_side"] = "a cut of inputs; requests that are too long are refused",
        ["truncation_strategy"] = "a cut of inputs; requests that are too long are refused",
        ["trust_remote_code"] = "no code of a model is ever run",
        ["use_default_system_prompt"] = "a prompt of old code; the chat template says all",
        ["use_fast"] = OtherRuntime,
    };
}
